/* CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as in RFC 3720. */
#ifndef VEDETTE_CCHECKSUM_H
#define VEDETTE_CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Carries on from the checksum of what came before; 0 to begin with. By the processor's instruction where it
 * has one, else by table. */
uint32_t vc_crc32c(uint32_t before, const void *bytes, size_t count);
/* The same by table alone. */
uint32_t vc_crc32c_by_table(uint32_t before, const void *bytes, size_t count);

#endif
