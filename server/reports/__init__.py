"""From the sealed report record to the PDF. Importing this package first registers the fonts, before ReportLab picks its own."""

from server.reports import typefaces as typefaces
