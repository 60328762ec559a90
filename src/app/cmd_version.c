#include "freshet/app/command.h"
#include "freshet/base/json.h"
#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <yaml.h>
#include <zlib.h>

int fr_cmd_version(struct fr_app *app, int argc, char **argv) {
    int code = fr_options_read(app, NULL, 0, "", &argc, argv);
    if (code >= 0) return code;
    const char *const parts[][2] = {{"version", FRESHET_VERSION},
                                    {"jansson", JANSSON_VERSION},
                                    {"libmicrohttpd", MHD_get_version()},
                                    {"libyaml", yaml_get_version_string()},
                                    {"zlib", zlibVersion()}};
    enum { PARTS = sizeof parts / sizeof *parts };
    struct fr_buf out = {0};
    if (app->json) fr_json_open(&out, '{');
    for (int i = 0; i < PARTS; i++) {
        if (app->json) {
            fr_json_key(&out, parts[i][0]);
            fr_json_str(&out, fr_str_of(parts[i][1]));
        } else {
            fr_buf_printf(&out, i ? "  %s %s\n" : "freshet %.0s%s\n", parts[i][0], parts[i][1]);
        }
    }
    if (app->json) {
        fr_json_close(&out, '}');
        fr_buf_byte(&out, '\n');
    }
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
    return FR_EXIT_OK;
}
