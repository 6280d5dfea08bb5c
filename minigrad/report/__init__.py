"""Reports: runs as one HTML file, and a store as a live page."""
