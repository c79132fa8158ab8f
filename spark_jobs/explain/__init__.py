"""`oxpecker explain`: one value of the one view, back to the bytes of the suppliers' files. Reads without a JVM."""
