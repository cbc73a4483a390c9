// Runs before the body is there: with scripts, the tables for browsers without are never seen.
document.documentElement.classList.add("live");
