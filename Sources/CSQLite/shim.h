#include <sqlite3.h>

/* What SQLite advises for files that others may have written ('Defense Against The Dark Arts'): nothing in the schema runs,
 * and no value is larger than `bytes_max`. */
static inline int vs_distrust(sqlite3 *database, int bytes_max)
{
    const int switches[][2] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
        { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
    };
    for (unsigned i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        int status = sqlite3_db_config(database, switches[i][0], switches[i][1], (int *)0);
        if (status != SQLITE_OK) return status;
    }
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, bytes_max);
    return SQLITE_OK;
}

/* SQLITE_TRANSIENT is a cast that Swift does not import: the bytes are copied at once. */
static inline int vs_bind_text(sqlite3_stmt *statement, int index, const char *text, int count)
{
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

static inline int vs_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count)
{
    return count == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                      : sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}
