"""What both engines are fed with: folded words, and what of a document is indexed."""
