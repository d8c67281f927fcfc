// Options are found as they are typed: hyphens around a word would be commands to the search.
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...more) {
  if (typeof message?.data === "string") {
    message = { ...message, data: message.data.replace(/(^|\s)[-+]+|-+(?=\s|$)/g, "$1") };
  }
  return post.call(this, message, ...more);
};
