"""Reports: records in, files out.

`schema` holds the published JSON, `to_json` and `to_table` write it, `to_html` makes the page that people read.
"""
