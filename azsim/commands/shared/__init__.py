"""What several commands use: types of options, options of a report, progress."""
