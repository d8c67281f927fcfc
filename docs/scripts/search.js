// What is typed becomes what the search can find: options without their hyphens, which would be commands to the search, and
// questions without their small words, which are not in the index.
const post = Worker.prototype.postMessage;
const small = new Set(
  "a an and any are as at be been but by can could did do does for from had has have how i if in is it its me my no not of on or our should so that the their them then there they this to was we were what when where which who why will with would you your".split(" "),
);
Worker.prototype.postMessage = function (message, ...more) {
  if (typeof message?.data === "string") {
    const words = message.data.replace(/(^|\s)[-+]+|-+(?=\s|$)|\?/g, "$1").split(/\s+/);
    const large = words.filter((word) => !small.has(word.toLowerCase()));
    message = { ...message, data: (large.some(Boolean) ? large : words).join(" ") };
  }
  return post.call(this, message, ...more);
};
