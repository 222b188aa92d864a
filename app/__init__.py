"""The shell: HTTP, PostgreSQL, loops, pages and the command line. Reads the clock and commits; never decides who gets what."""
