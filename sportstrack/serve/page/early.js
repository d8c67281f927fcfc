// Before anything is painted: the theme that was chosen here before.
try {
  const theme = localStorage.getItem("sportstrack.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // storage is off: the system's theme
}
