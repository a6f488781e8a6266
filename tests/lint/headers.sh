# A header includes what it needs: it compiles alone.  A source has a header
# of its name unless it is a main, an engine's or a provider's part.
. "$(dirname "$0")/lib.sh"

cc=${LINT_CC:-cc -std=gnu11 -D_GNU_SOURCE}

for file in $(files '*.h' src cgi-bin bench tests/unit tests/lib); do
	{
		echo "#include \"${file#src/}\""
		echo "extern int lint_not_empty;"
	} >"$scratch/alone.c"
	$cc -I src -I . -fsyntax-only "$scratch/alone.c" \
	    >"$scratch/said" 2>&1 || {
		echo "$file: does not compile alone"
		grep error "$scratch/said" | head -n 3
	}
done | rule 'every header compiles alone'

awk '
	function judge() {
		want = toupper(file)
		sub(/^SRC\//, "", want)
		gsub(/[.\/-]/, "_", want)
		if (file != "" && guard != want)
			print file ": its guard is " guard ", not " want
	}
	FNR == 1 {
		judge()
		file = FILENAME
		guard = ""
	}
	/^#ifndef / && guard == "" { guard = $2 }
	END { judge() }' $(files '*.h' src cgi-bin) /dev/null | rule 'every header is guarded by the name it is included by'

for file in $(files '*.c' src); do
	case $file in
	src/cmd/*) continue ;;
	esac
	# x.c needs x.h; x_part.c may share the header of the family x or
	# the private one.
	name=${file%.c}
	while :; do
		[ -e "$name.h" ] || [ -e "${name}_int.h" ] && continue 2
		case ${name##*/} in
		*_*) name=${name%_*} ;;
		*) break ;;
		esac
	done
	echo "$file: has no header"
done | rule 'every source has a header'
plan
