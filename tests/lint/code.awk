# C source with its comments and the insides of its strings taken out, line
# for line, so that a search for code finds code.  With -v keep=comments it
# prints the comments alone, with -v keep=strings the strings alone.
#
# A "//" comment, which the house does not use, is dropped from all three;
# with -v keep=slashes the places that have one are printed.
# With a regex in the environment only what it matches is printed, each with
# its file and line.

function put(what, s) {
	if (keep == what)
		out = out s
}

function in_comment(rest,    at) {
	at = index(rest, "*/")
	if (at == 0) {
		put("comments", rest)
		return ""
	}
	put("comments", substr(rest, 1, at - 1))
	state = "code"
	return substr(rest, at + 2)
}

function in_quotes(rest,    what, found) {
	what = state == "string" ? "strings" : "none"
	if (state == "string")
		found = match(rest, /["\\]/)
	else
		found = match(rest, /['\\]/)
	if (!found) {
		put(what, rest)
		return ""
	}
	put(what, substr(rest, 1, RSTART - 1))
	rest = substr(rest, RSTART)
	if (substr(rest, 1, 1) == "\\") {
		put("strings", substr(rest, 1, 2))
		is_open = length(rest) == 1
		return substr(rest, 3)
	}
	put("code", substr(rest, 1, 1))
	put("strings", state == "string" ? "\"" : "")
	state = "code"
	return substr(rest, 2)
}

function in_code(rest,    c) {
	if (!match(rest, /["']|\/[*\/]/)) {
		put("code", rest)
		return ""
	}
	put("code", substr(rest, 1, RSTART - 1))
	rest = substr(rest, RSTART)
	c = substr(rest, 1, 1)
	if (substr(rest, 1, 2) == "/*") {
		state = "comment"
		put("code", " ")
		return substr(rest, 3)
	}
	if (c == "/") {
		if (keep == "slashes")
			print FILENAME ":" FNR ": // comment"
		return ""
	}
	put("code", c)
	if (c == "'")
		state = "char"
	else if ($0 !~ /^[ \t]*#[ \t]*include/) {
		state = "string"
		put("strings", c)
	}
	return substr(rest, 2)
}

BEGIN {
	if (keep == "")
		keep = "code"
}

FNR == 1 {
	state = "code"
}

# Each step takes as much of the rest of the line as is of one kind.
{
	out = ""
	is_open = 0
	rest = $0
	while (rest != "") {
		is_open = 0
		if (state == "comment")
			rest = in_comment(rest)
		else if (state == "code")
			rest = in_code(rest)
		else
			rest = in_quotes(rest)
	}
	# An unfinished string ends with its line, or one slip would hide
	# the rest of the file.
	if ((state == "string" || state == "char") && !is_open)
		state = "code"
	if (keep == "slashes")
		next
	if (!("regex" in ENVIRON))
		print out
	else if (out ~ ENVIRON["regex"])
		print FILENAME ":" FNR ":" out
}
