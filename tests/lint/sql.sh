# SQL stands in the engines' statement tables and in sql/, nowhere else, and
# is never put together from pieces.
. "$(dirname "$0")/lib.sh"

for file in $(files '*.[ch]' src cgi-bin); do
	case ${file##*/} in
	store_*_stmt.c | store_*_stmt_*.c | store_*_stmt.h) ;;
	*) search strings '"[[:space:]]*(SELECT .*(FROM|\(|"$)|INSERT (INTO|OR)|UPDATE .*(SET|"$)|DELETE FROM|REPLACE INTO|CREATE (TABLE|VIEW|INDEX|TRIGGER|UNIQUE)|DROP (TABLE|VIEW)|ALTER TABLE|PRAGMA |BEGIN( IMMEDIATE)?"|COMMIT"|ROLLBACK|SAVEPOINT |VACUUM)' "$file" ;;
	esac
done | rule 'SQL stands in the statement tables'

search code '(sqlite3_mprintf|sqlite3_snprintf|sqlite3_vmprintf)' \
    $(files '*.c' src) | rule 'nothing is formatted into SQL'
plan
