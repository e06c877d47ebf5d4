/* The sections at the top level of the configuration, but for the tables. */
#ifndef MURR_CONFIG_SECTIONS_H
#define MURR_CONFIG_SECTIONS_H

#include "config/field.h"
#include "config/settings.h"

struct config_section {
    const char *name;
    struct field_list fields; /* into struct config */
};

extern const struct config_section config_sections[];
extern const size_t n_config_sections;

#endif
