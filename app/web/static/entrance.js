// Whoever signs in next finds nothing of whoever sat here before.
sessionStorage.clear();
