// Before anything is painted: dark for work on video, unless light was chosen here before.
try {
  document.documentElement.dataset.theme = localStorage.getItem("sportstrack.edit.theme") || "dark";
} catch {
  // storage is off: dark
}
