"""The study of trained networks and the paths between them, on the library's public API only."""
