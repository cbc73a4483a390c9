// Runs before the body exists: with scripts, the tables for browsers without are never shown.
document.documentElement.classList.add("live");
