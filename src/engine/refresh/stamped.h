/* Resolved columns with the stamp of a layer in front (engine/store/layer.h). */
#ifndef MURR_ENGINE_REFRESH_STAMPED_H
#define MURR_ENGINE_REFRESH_STAMPED_H

#include "engine/load/resolve.h"

/*
 * Put the stamp in front of the schema. Every row gets the constant `stamp`, which is borrowed as
 * long as the columns are used. With `keys_only` all columns but those of the key are left
 * unread: the rows are deletes.
 */
void resolved_stamp(struct resolved *r, const struct constant *stamp, bool keys_only);

#endif
