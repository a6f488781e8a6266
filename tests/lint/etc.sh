# The files of etc/ are to the taste of the programs that read them: each web
# server, systemd, cron and logrotate, where they are installed.
. "$(dirname "$0")/lib.sh"

top=$(pwd)
PATH=$PATH:/usr/sbin:/sbin

# try NAME PROGRAM COMMAND...: passes if the command is content, or missing.
try() {
	name=$1
	program=$2
	shift 2
	if command -v "$program" >/dev/null; then
		"$@" >"$scratch/said" 2>&1 || {
			echo "status $?"
			cat "$scratch/said"
		}
	fi | rule "$name"
}

cat >"$scratch/nginx.conf" <<END
pid $scratch/nginx.pid;
error_log stderr;
events { }
http {
	client_body_temp_path $scratch/body;
	fastcgi_temp_path $scratch/fastcgi;
	proxy_temp_path $scratch/proxy;
	uwsgi_temp_path $scratch/uwsgi;
	scgi_temp_path $scratch/scgi;
	limit_req_zone \$binary_remote_addr zone=hls:10m rate=50r/s;
	server {
		listen unix:$scratch/nginx.sock;
		include $top/etc/nginx/hls.conf;
	}
}
END
try 'nginx takes its snippet' nginx \
    nginx -t -q -p "$scratch" -c "$scratch/nginx.conf"

# What is written as a comment must work once it is none.
sed 's/^\([[:space:]]*\)# \(limit_req\)/\1\2/
	s/^\([[:space:]]*\)#	\(auth_basic\|fastcgi_param\)/\1\2/' \
    etc/nginx/hls.conf >"$scratch/full.conf"
sed "s|$top/etc/nginx/hls.conf|$scratch/full.conf|" "$scratch/nginx.conf" \
    >"$scratch/nginx-full.conf"
try 'nginx takes it with the commented lines' nginx \
    nginx -t -q -p "$scratch" -c "$scratch/nginx-full.conf"

cat >"$scratch/lighttpd.conf" <<END
server.document-root = "$scratch"
server.bind = "$scratch/lighttpd.sock"
include "$top/etc/lighttpd/hls.conf"
END
try 'lighttpd takes its snippet' lighttpd \
    lighttpd -tt -f "$scratch/lighttpd.conf"

modules=/usr/lib/apache2/modules
cat >"$scratch/apache.conf" <<END
ServerRoot "$scratch"
ServerName localhost
Listen 127.0.0.1:1
PidFile $scratch/apache.pid
DefaultRuntimeDir $scratch
ErrorLog $scratch/apache.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
END
{
	cat "$scratch/apache.conf"
	echo "LoadModule proxy_module $modules/mod_proxy.so"
	echo "LoadModule proxy_fcgi_module $modules/mod_proxy_fcgi.so"
	echo "Include $top/etc/apache/hls-proxy.conf"
} >"$scratch/apache-proxy.conf"
try 'Apache takes its snippet for mod_proxy_fcgi' apache2 \
    apache2 -t -f "$scratch/apache-proxy.conf"

if [ -e $modules/mod_fcgid.so ] && [ -n "${builddir-}" ]; then
	{
		cat "$scratch/apache.conf"
		echo "LoadModule alias_module $modules/mod_alias.so"
		echo "LoadModule fcgid_module $modules/mod_fcgid.so"
		cat "$builddir/etc/apache/hls-fcgid.conf"
	} >"$scratch/apache-fcgid.conf"
	try 'Apache takes its snippet for mod_fcgid' apache2 \
	    apache2 -t -f "$scratch/apache-fcgid.conf"
fi

for unit in hls-fcgi.service hls-drain@.service; do
	file=${builddir:-.}/etc/systemd/$unit
	[ -e "$file" ] || continue
	command -v systemd-analyze >/dev/null || continue
	# The table ends in "Overall exposure level for unit: 0.4 SAFE".
	systemd-analyze security --offline=true "$file" >"$scratch/said" \
	    2>&1 || cat "$scratch/said"
	awk -v unit="$unit" '/Overall exposure/ {
			sub(/.*: /, "")
			seen = 1
			if ($1 > 2.0)
				print unit ": exposure " $1 ", 2.0 is the limit"
		}
		END { if (!seen) print unit ": no exposure was found" }' \
	    "$scratch/said"
done | rule 'the units are shut in: exposure at most 2.0'

for unit in hls-fcgi.socket hls-fcgi.service hls-drain@.service; do
	file=${builddir:-.}/etc/systemd/$unit
	[ -e "$file" ] || file=etc/systemd/$unit
	[ -e "$file" ] || continue
	command -v systemd-analyze >/dev/null || continue
	cp "$file" "$scratch/"
done
(cd "$scratch" && for unit in *.socket *.service; do
	[ -e "$unit" ] || continue
	systemd-analyze verify --man=no --recursive-errors=no \
	    "$scratch/$unit" 2>&1 | grep "^$scratch/.*:[0-9]*: "
done) | rule 'systemd knows every line of the units'

# minute hour day month weekday user command
for file in "${builddir:-.}/etc/cron/hls"; do
	[ -e "$file" ] || continue
	awk '/^#/ || /^[[:space:]]*$/ || /^[A-Z_]+=/ { next }
		NF < 7 || $1 !~ /^[0-9*\/,-]+$/ || $6 !~ /^[a-z]+$/ {
			print FILENAME ":" FNR ": is no line of cron.d"
		}
		!/(;|[[:space:]]hls)[[:space:]]+(hls-drain|hlsctl) / {
			print FILENAME ":" FNR ": runs no program of ours"
		}' "$file"
done | rule 'the crontab is well formed'

sed "s/ hls hls\$/ $(id -un) $(id -gn)/" etc/logrotate/hls >"$scratch/rotate"
chmod 644 "$scratch/rotate"
try 'logrotate takes its snippet' logrotate \
    logrotate -d -s "$scratch/state" "$scratch/rotate"

grep -rnoE '@[a-z_]+@' "${builddir:-.}"/etc/systemd/*.service \
    "${builddir:-.}/etc/cron/hls" "${builddir:-.}/etc/apache" 2>/dev/null |
    grep -v '\.in:' | rule 'nothing is left to fill in'
plan
