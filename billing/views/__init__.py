"""Pages for the price list, invoices and payments."""
