/* GET /openapi.json: the assembler embeds the file next to this one. */
#include "api/http/handlers.h"
#include "api/http/reply.h"

__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        "murr_openapi_start:\n"
        ".incbin \"src/api/http/openapi.json\"\n"
        "murr_openapi_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const uint8_t openapi_start[] __asm__("murr_openapi_start");
extern const uint8_t openapi_end[] __asm__("murr_openapi_end");

void openapi_page(struct call *call)
{
    struct buf body = {0};
    buf_put(&body, openapi_start, (size_t)(openapi_end - openapi_start));
    reply_json(call, 200, &body);
}
