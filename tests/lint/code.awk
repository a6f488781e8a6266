# C source with its comments and the insides of its strings taken out, line
# for line, so that a search for code finds code.  With -v keep=comments it
# prints the comments alone, with -v keep=strings the strings alone.
#
# A "//" comment, which the house does not use, is dropped from all three;
# with -v keep=slashes the numbers of the lines that have one are printed.

function put(what, s) {
	if (keep == what)
		out = out s
}

BEGIN {
	if (keep == "")
		keep = "code"
}

FNR == 1 {
	state = "code"
}

{
	out = ""
	n = length($0)
	for (i = 1; i <= n; i++) {
		c = substr($0, i, 1)
		if (state == "comment") {
			if (c == "*" && substr($0, i + 1, 1) == "/") {
				state = "code"
				i++
			} else
				put("comments", c)
		} else if (state == "string" || state == "char") {
			if (c == "\\") {
				put("strings", substr($0, i, 2))
				i++
			} else if ((state == "string" && c == "\"") ||
			    (state == "char" && c == "'")) {
				put("code", c)
				put("strings", state == "string" ? "\"" : "")
				state = "code"
			} else if (state == "string")
				put("strings", c)
		} else if (c == "/" && substr($0, i + 1, 1) == "*") {
			state = "comment"
			put("code", " ")
			i++
		} else if (c == "/" && substr($0, i + 1, 1) == "/") {
			if (keep == "slashes")
				print FNR
			break
		} else if (c == "\"" && $0 !~ /^[ \t]*#[ \t]*include/) {
			state = "string"
			put("code", c)
			put("strings", c)
		} else if (c == "'") {
			state = "char"
			put("code", c)
		} else
			put("code", c)
	}
	# An unfinished string ends with its line, or one slip would hide
	# the rest of the file.
	if ((state == "string" || state == "char") && c != "\\")
		state = "code"
	if (keep != "slashes")
		print out
}
