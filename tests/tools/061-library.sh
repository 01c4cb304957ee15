#!/bin/bash
# libdmbc as others use it: installed, found by pkg-config, compiled against, with versions on its symbols and nothing else to see.
. "$(dirname "$0")/lib.sh"
need_sim

make -s -C "$repo/userspace" OUT="$repo/build/userspace" DESTDIR="$work/root" PREFIX=/opt/dmbc install >log 2>&1 || { fail "make install"; cat log; finish; }
so=root/opt/dmbc/lib/libdmbc.so
export PKG_CONFIG_PATH=$work/root/opt/dmbc/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/root

cat >judge.c <<'END'
#include <dmbc/check.h>
#include <dmbc/target.h>
#include <string.h>

static void tell(void *ctx, const struct dmbc_finding *f)
{
	(void)ctx;
	printf("%s: %s\n", dmbc_finding_name(f->code), dmbc_finding_meaning(f->code));
}

int main(int argc, char **argv)
{
	struct dmbc_findings findings = { .fn = tell };
	struct dmbc_check_params params = { .level = DMBC_CHECK_ALL, .findings = &findings };
	struct dmbc_check_report report;
	struct dmbc_fields fields;
	struct dmbc_device *dev;
	struct dmbc_set *set;
	struct dmbc_error err;
	enum dmbc_result r = argc == 2 ? dmbc_device_open(argv[1], DMBC_ACCESS_ALONE, &dev, &err) : DMBC_REFUSED;

	if (r == DMBC_OK)
		r = dmbc_set_open(dev, &set, &err);
	if (r == DMBC_OK)
		r = dmbc_check_run(set, &params, &report, &err);
	if (r != DMBC_OK)
		return fprintf(stderr, "%s\n", err.text), r;
	dmbc_fields_parse(&fields, strdup("state=clean"));
	printf("%llu extents, %s\n", report.extents, dmbc_fields_text(&fields, "state"));
	dmbc_fields_free(&fields);
	dmbc_check_report_free(&report);
	dmbc_set_close(set);
	dmbc_device_close(dev);
	return dmbc_check_verdict(&findings);
}
END
# shellcheck disable=SC2046 # flags
cc -std=gnu11 -Wall -Wextra -Werror -o judge judge.c $(pkg-config --cflags --libs libdmbc) >log 2>&1 || { fail "compile"; cat log; finish; }
equal "version" "$("$dmbcache" --version)" "dmbcache $(pkg-config --modversion libdmbc)"
export LD_LIBRARY_PATH=$work/root/opt/dmbc/lib
"$sim" make img 9 crash 600 16 1 6000 16 || fail "image"
extents=$("$dmbcache" check --json img | jq .extents)
expect 0 "$extents extents, clean" ./judge img
python3 "$repo/tests/images/60-interior-checksum" img
expect 6 "node-interior: nodes below it are not found" ./judge img
expect 2 "none: cannot open" ./judge none

equal "soname" libdmbc.so.0 "$(objdump -p $so | sed -n 's/^ *SONAME *//p')"
# each function of the headers is there, with its version, and nothing else
cat root/opt/dmbc/include/dmbc/*.h | sed -E ':a; s|/\*[^*]*\*+([^/*][^*]*\*+)*/||g; /\/\*/{N; ba}' |
	grep -oE '\bdmbc_[a-z_]+\(' | tr -d '(' | sort -u >declared
nm -D --defined-only $so | awk '$2 == "T" { print $3 }' | sort -u >exported
sed 's/$/@@LIBDMBC_0/' declared | diff - exported || fail "headers and symbols differ"
[ "$(wc -l <declared)" -gt 40 ] || fail "only $(wc -l <declared) functions"
finish
