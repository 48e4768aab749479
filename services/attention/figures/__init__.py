"""Pictures of attention: three views (matrix, head, grid) in three formats (svg, png, html)."""
