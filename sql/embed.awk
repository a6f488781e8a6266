# Makes the C source that holds the SQL files named, in their order.

function quote(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\\n\""
}

BEGIN {
	print "/* Made from sql/sqlite by sql/embed.awk. */"
	print "#include \"config.h\"\n"
	print "#include \"store/store_sqlite_schema.h\"\n"
	print "const char *const store_sqlite_migrations[] = {"
}

FNR == 1 {
	if (n++ > 0)
		print "\t,"
}

# Comments and blank lines are for the reader of the files.
!/^(--.*)?$/ { print "\t" quote($0) }

END {
	print "};"
	print "const int store_sqlite_nmigrations = " n ";"
}
