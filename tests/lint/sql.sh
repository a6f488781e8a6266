# SQL stands in the engines' statement tables and in sql/, nowhere else, and
# is never put together from pieces.
. "$(dirname "$0")/lib.sh"

search strings '"[[:space:]]*(SELECT .*(FROM|\(|"$)|INSERT (INTO|OR)|UPDATE .*(SET|"$)|DELETE FROM|REPLACE INTO|CREATE (TABLE|VIEW|INDEX|TRIGGER|UNIQUE)|DROP (TABLE|VIEW)|ALTER TABLE|PRAGMA |BEGIN( IMMEDIATE)?"|COMMIT"|ROLLBACK|SAVEPOINT |VACUUM)' \
    $(files '*.[ch]' src cgi-bin |
	grep -vE '/store_[a-z_]*_stmt(_[a-z_]*)?\.[ch]$') |
    rule 'SQL stands in the statement tables'

search code '(sqlite3_mprintf|sqlite3_snprintf|sqlite3_vmprintf)' \
    $(files '*.c' src) | rule 'nothing is formatted into SQL'
plan
