#!/bin/sh
# Installs the packages that are missing, and says so: packages.sh STEP PACKAGE...
#
# Asks dpkg first, so that with everything there neither root nor a network is needed. STEP stands before
# what is told ("[1/6]"); where it is empty, nothing is told of packages that are there. Needs nothing but
# a shell: Python may be one of the packages.
step=${1:+$1 }
quiet=${1:-yes}
shift

missing=
count=0
for package; do
	if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
		missing="$missing $package"
		count=$((count + 1))
	fi
done
if [ "$count" = 0 ]; then
	[ "$quiet" = yes ] || echo "${step}packages: all $# are installed"
	exit 0
fi

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "${step}installing $count of $# packages (1 to 5 minutes):$missing" | fold -s -w "${COLUMNS:-100}"

# apt's status is among what it says (sudo closes other descriptors): a line is told for every fifth. Its
# exit status goes past the pipe in a file.
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || exit
{
	# shellcheck disable=SC2086 # names without spaces
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		-o APT::Status-Fd=1 $missing || echo $? >"$failed"
} | {
	told=
	while IFS=: read -r kind _ percent _; do
		case $kind in
		dlstatus) what=downloaded ;;
		pmstatus) what=installed ;;
		*) continue ;;
		esac
		fifth=$((${percent%%.*} / 20 * 20))
		if [ "$fifth" != 0 ] && [ "$what $fifth" != "$told" ]; then
			told="$what $fifth"
			echo "$step$fifth % $what"
		fi
	done
}
if [ -s "$failed" ]; then
	echo "${step}apt-get could not install them"
	exit "$(cat "$failed")"
fi
