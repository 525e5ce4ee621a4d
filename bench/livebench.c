// livebench - load and latency bench for live streaming servers.
//
// One process publishes an FLV file over RTMP in real time (looped, timestamps
// continuing), holds N sink viewers that discard what they receive at the
// least possible cost, and K probe viewers that parse every message and
// measure the transit time of each video and audio frame from the publisher's
// write to the probe's read. It reads the server's CPU time and memory from
// /proc, children and threads included.
//
//   livebench -f in.flv -P rtmp://127.0.0.1:1935/live/s
//             -v URL [-n 500] [-k 4] [-w 3] [-d 10] [-p PID[,PID...]] [-m 1]
//
// -P  publish URL (left out: view only); with -m M publishes M streams: s0 .. s(M-1) (suffix added
//     only when M > 1), viewers are spread over them in turn
// -v  view URL: rtmp://host:port/app/stream, http://host:port/path.flv,
//     ws://host:port/path (ws binary frames carrying FLV, or fragmented MP4 where the path ends in .mp4)
// -n  sink viewers      -k probe viewers (FLV or MP4 over http or ws, or rtmp)
// -w  warm-up seconds after all viewers joined   -d  measured seconds
// -p  the server's processes; their children are followed
// -r  viewers joined per second (default 500)
// -s  viewers that stop reading once they play (stalled), besides the others
// Output: one line of key=value pairs. `whole=1` says that nothing was dropped: every probe saw every
// frame that was published while it was measured, and the sink that got least got 99.9 % of what the
// one that got most did. Publishing pauses for 0.4 s before and 1 s after the measured time, so that
// what is in flight falls on the right side.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void die(const char *fmt, ...) {
  va_list ap; va_start(ap, fmt); fprintf(stderr, "livebench: "); vfprintf(stderr, fmt, ap);
  fprintf(stderr, "\n"); va_end(ap); exit(1);
}
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static uint32_t rd24(const uint8_t *p) { return p[0] << 16 | p[1] << 8 | p[2]; }
static uint32_t rd32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

// ---- growable byte buffer
typedef struct { uint8_t *p; size_t n, cap; } buf;
static void bput(buf *b, const void *d, size_t n) {
  if (b->n + n > b->cap) { b->cap = (b->n + n) * 2 + 256; b->p = realloc(b->p, b->cap); }
  if (d) memcpy(b->p + b->n, d, n);
  b->n += n;
}
static void bdrop(buf *b, size_t n) { memmove(b->p, b->p + n, b->n - n); b->n -= n; }
static void b8(buf *b, int v) { uint8_t x = v; bput(b, &x, 1); }
static void b24(buf *b, uint32_t v) { uint8_t x[3] = {v >> 16, v >> 8, v}; bput(b, x, 3); }
static void b32(buf *b, uint32_t v) { uint8_t x[4] = {v >> 24, v >> 16, v >> 8, v}; bput(b, x, 4); }
// ---- AMF0
static void astr(buf *b, const char *s) { size_t n = strlen(s); b8(b, 2); b8(b, n >> 8); b8(b, n); bput(b, s, n); }
static void anum(buf *b, double d) { uint64_t u; memcpy(&u, &d, 8); b8(b, 0); for (int i = 7; i >= 0; i--) b8(b, u >> (8 * i)); }
static void akey(buf *b, const char *s) { size_t n = strlen(s); b8(b, n >> 8); b8(b, n); bput(b, s, n); }

// ---- URLs
typedef struct { char scheme[8], host[64], path[512], app[256], stream[256]; int port; } url;
static url parse_url(const char *s) {
  url u; memset(&u, 0, sizeof u);
  const char *p = strstr(s, "://"); if (!p) die("bad url %s", s);
  snprintf(u.scheme, sizeof u.scheme, "%.*s", (int)(p - s), s); p += 3;
  const char *slash = strchr(p, '/'); if (!slash) die("url has no path: %s", s);
  const char *colon = memchr(p, ':', slash - p);
  u.port = colon ? atoi(colon + 1) : (!strcmp(u.scheme, "rtmp") ? 1935 : 80);
  snprintf(u.host, sizeof u.host, "%.*s", (int)((colon ? colon : slash) - p), p);
  snprintf(u.path, sizeof u.path, "%s", slash);
  const char *s2 = strchr(slash + 1, '/');
  if (s2) { snprintf(u.app, sizeof u.app, "%.*s", (int)(s2 - slash - 1), slash + 1); snprintf(u.stream, sizeof u.stream, "%s", s2 + 1); }
  return u;
}
static int dial(const url *u) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(u->port)};
  if (inet_pton(AF_INET, u->host, &a.sin_addr) != 1) die("host must be an IPv4 address: %s", u->host);
  if ((ntohl(a.sin_addr.s_addr) >> 24) != 127) die("only loopback addresses are allowed: %s", u->host);
  if (connect(fd, (void *)&a, sizeof a)) die("connect %s:%d: %s", u->host, u->port, strerror(errno));
  int one = 1; setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}
static void wr_all(int fd, const void *d, size_t n) {
  const uint8_t *p = d;
  while (n) { ssize_t k = write(fd, p, n); if (k < 0) { if (errno == EAGAIN) { usleep(200); continue; } die("write: %s", strerror(errno)); } p += k; n -= k; }
}
static void rd_all(int fd, void *d, size_t n) {
  uint8_t *p = d;
  while (n) { ssize_t k = read(fd, p, n); if (k <= 0) die("read during handshake: %s", k ? strerror(errno) : "closed"); p += k; n -= k; }
}

// ---- RTMP out
static void rtmp_msg(buf *out, int csid, int type, uint32_t ts, uint32_t sid, const uint8_t *d, size_t n, size_t chunk) {
  b8(out, csid); b24(out, ts >= 0xffffff ? 0xffffff : ts); b24(out, n); b8(out, type);
  uint8_t s[4] = {sid, sid >> 8, sid >> 16, sid >> 24}; bput(out, s, 4);
  if (ts >= 0xffffff) b32(out, ts);
  for (size_t i = 0; i < n; i += chunk) {
    if (i) { b8(out, 0xc0 | csid); if (ts >= 0xffffff) b32(out, ts); }
    bput(out, d + i, n - i < chunk ? n - i : chunk);
  }
}
// ---- RTMP in
typedef struct { uint32_t ts, len, sid, delta; int type; bool ext; buf body; } cstream;
typedef struct { buf in; cstream cs[64]; uint32_t chunk; } rtmp_in;
typedef void (*on_msg)(void *ctx, int type, uint32_t ts, const uint8_t *d, size_t n);
static void rtmp_feed(rtmp_in *r, on_msg cb, void *ctx) {
  size_t off = 0;
  for (;;) {
    uint8_t *p = r->in.p + off; size_t n = r->in.n - off;
    if (n < 1) break;
    int fmt = p[0] >> 6, csid = p[0] & 63; size_t h = 1;
    if (csid == 0) { if (n < 2) break; csid = 64 + p[1]; h = 2; }
    else if (csid == 1) { if (n < 3) break; csid = 64 + p[1] + p[2] * 256; h = 3; }
    cstream *c = &r->cs[csid & 63];
    static const size_t hl[4] = {11, 7, 3, 0};
    if (n < h + hl[fmt]) break;
    const uint8_t *q = p + h; h += hl[fmt];
    uint32_t t = fmt < 3 ? rd24(q) : 0; bool ext = fmt < 3 ? t == 0xffffff : c->ext;
    if (ext) { if (n < h + 4) break; t = rd32(p + h); h += 4; }
    uint32_t len = fmt < 2 ? rd24(q + 3) : c->len;
    size_t have = c->body.n, want = len - have; if (want > r->chunk) want = r->chunk;
    if (n < h + want) break;
    if (have == 0) {
      c->ext = ext;
      if (fmt < 2) { c->len = len; c->type = q[6]; }
      if (fmt == 0) { c->ts = t; c->delta = 0; } else if (fmt < 3) { c->delta = t; c->ts += t; } else c->ts += c->delta;
    }
    bput(&c->body, p + h, want); off += h + want;
    if (c->body.n == c->len) {
      if (c->type == 1 && c->len >= 4) r->chunk = rd32(c->body.p) & 0x7fffffff;
      else cb(ctx, c->type, c->ts, c->body.p, c->body.n);
      c->body.n = 0;
    }
  }
  if (off) bdrop(&r->in, off);
}
static int rtmp_dial(const url *u) {
  int fd = dial(u); uint8_t c[1537], s[1536 * 2 + 1]; memset(c, 0, sizeof c); c[0] = 3;
  for (int i = 9; i < 1537; i++) c[i] = i * 7;
  wr_all(fd, c, 1537); rd_all(fd, s, sizeof s); wr_all(fd, s + 1, 1536);
  return fd;
}
typedef struct { double id; bool ok; bool status; double stream; } reply;
static void on_reply(void *ctx, int type, uint32_t ts, const uint8_t *d, size_t n) {
  (void)ts; reply *r = ctx; if (type != 20 || n < 12 || d[0] != 2) return;
  size_t l = d[1] << 8 | d[2]; const char *s = (const char *)d + 3; const uint8_t *q = d + 3 + l;
  double id = 0; if (q[0] == 0) { uint64_t v = (uint64_t)rd32(q + 1) << 32 | rd32(q + 5); memcpy(&id, &v, 8); }
  if (l == 7 && !memcmp(s, "_result", 7) && id == r->id) {
    r->ok = true;
    const uint8_t *e = d + n - 9; if (e[0] == 0) { uint64_t v = (uint64_t)rd32(e + 1) << 32 | rd32(e + 5); memcpy(&r->stream, &v, 8); }
  }
  if (l == 8 && !memcmp(s, "onStatus", 8)) r->status = true;
  if (l == 6 && !memcmp(s, "_error", 6)) die("server answered _error to transaction %g", id);
}
static void rtmp_wait(int fd, rtmp_in *in, reply *r, bool status) {
  double t0 = now();
  while (!(status ? r->status : r->ok)) {
    uint8_t b[4096]; ssize_t k = read(fd, b, status ? 512 : sizeof b);
    if (k <= 0) die("server closed during %s", status ? "publish" : "connect/createStream");
    bput(&in->in, b, k); rtmp_feed(in, on_reply, r);
    if (now() - t0 > 10) die("timeout waiting for the server's answer");
  }
}
static void send_connect(int fd, const url *u) {
  char tc[512]; snprintf(tc, sizeof tc, "rtmp://%s:%d/%s", u->host, u->port, u->app);
  buf m = {0}, o = {0};
  astr(&m, "connect"); anum(&m, 1); b8(&m, 3);
  akey(&m, "app"); astr(&m, u->app); akey(&m, "flashVer"); astr(&m, "LNX 9,0,124,2"); akey(&m, "tcUrl"); astr(&m, tc);
  akey(&m, "fpad"); b8(&m, 1); b8(&m, 0); akey(&m, "capabilities"); anum(&m, 15); akey(&m, "audioCodecs"); anum(&m, 4071);
  akey(&m, "videoCodecs"); anum(&m, 252); akey(&m, "videoFunction"); anum(&m, 1); b24(&m, 9);
  rtmp_msg(&o, 3, 20, 0, 0, m.p, m.n, 128); wr_all(fd, o.p, o.n); free(m.p); free(o.p);
}
static void send_create_stream(int fd) {
  buf m = {0}, o = {0};
  b32(&m, 60000); rtmp_msg(&o, 2, 1, 0, 0, m.p, m.n, 128); m.n = 0;
  b32(&m, 0x7fffffff); rtmp_msg(&o, 2, 5, 0, 0, m.p, m.n, 60000); m.n = 0;
  astr(&m, "createStream"); anum(&m, 2); b8(&m, 5); rtmp_msg(&o, 3, 20, 0, 0, m.p, m.n, 60000);
  wr_all(fd, o.p, o.n); free(m.p); free(o.p);
}
// connect + createStream, blocking; leaves unread input in *in
static uint32_t rtmp_open(int fd, const url *u, rtmp_in *in) {
  in->chunk = 128; reply r = {.id = 1}; send_connect(fd, u); rtmp_wait(fd, in, &r, false);
  r = (reply){.id = 2, .stream = 1}; send_create_stream(fd); rtmp_wait(fd, in, &r, false);
  return (uint32_t)r.stream;
}

// ---- FLV file
typedef struct { uint8_t type; uint32_t ts; uint8_t *d; uint32_t n; } tag;
static tag *tags; static size_t ntags; static uint32_t span;
static void load_flv(const char *f) {
  FILE *fp = fopen(f, "rb"); if (!fp) die("open %s: %s", f, strerror(errno));
  fseek(fp, 0, SEEK_END); long n = ftell(fp); rewind(fp);
  uint8_t *d = malloc(n); if (fread(d, 1, n, fp) != (size_t)n) die("read %s", f); fclose(fp);
  if (n < 13 || memcmp(d, "FLV", 3)) die("not an FLV file: %s", f);
  for (long i = 13; i + 11 <= n;) {
    uint32_t sz = rd24(d + i + 1); if (i + 11 + sz + 4 > n) break;
    tags = realloc(tags, (ntags + 1) * sizeof *tags);
    tags[ntags++] = (tag){d[i] & 31, rd24(d + i + 4) | (uint32_t)d[i + 7] << 24, d + i + 11, sz};
    if (tags[ntags - 1].ts > span) span = tags[ntags - 1].ts;
    i += 11 + sz + 4;
  }
  span += 40;
}

// ---- publishers
typedef struct { int fd; uint32_t sid; size_t at; uint32_t base; int first; buf out; } pub;
static pub *pubs; static int npubs = 1; static double pub_t0; static bool header_sent;
// send time of a video frame by a hash of its payload, for publisher 0: servers
// may shift timestamps, none may change a frame
#define TSN (1 << 18)
static double sent_at[TSN];
static uint64_t sent_frames[2]; // video, audio: of publisher 0 while measured
static bool measuring;
static uint32_t frame_key(const uint8_t *d, size_t n) {
  uint32_t h = 2166136261u ^ (uint32_t)n;
  for (size_t i = n > 96 ? n - 96 : 0; i < n; i++) h = (h ^ d[i]) * 16777619u;
  return h % TSN;
}
// bytes before the codec's own payload in a tag body
static size_t tag_head(int type, const uint8_t *d, size_t n) {
  if (type == 9) return n > 0 && (d[0] & 0x80) ? ((d[0] & 15) == 1 && n > 8 && memcmp(d + 1, "av01", 4) && memcmp(d + 1, "vp09", 4) ? 8 : 5) : 5;
  return n > 0 && (d[0] >> 4) == 9 ? 5 : (d[0] >> 4) == 10 ? 2 : 1;
}
static bool is_seq_header(const tag *t) {
  if (t->type == 18) return true;
  if (t->type == 9) return t->n > 1 && ((t->d[0] & 0x80) ? (t->d[0] & 15) == 0 : t->d[1] == 0);
  return t->n > 1 && (((t->d[0] >> 4) == 10 && t->d[1] == 0) || ((t->d[0] >> 4) == 9 && (t->d[0] & 15) == 0));
}
static void pub_start(pub *p, url u, int i) {
  char name[300]; snprintf(name, sizeof name, npubs > 1 ? "%s%d" : "%s", u.stream, i);
  p->fd = rtmp_dial(&u); rtmp_in in = {0}; p->sid = rtmp_open(p->fd, &u, &in);
  buf m = {0}, o = {0};
  astr(&m, "publish"); anum(&m, 3); b8(&m, 5); astr(&m, name); astr(&m, "live");
  rtmp_msg(&o, 5, 20, 0, p->sid, m.p, m.n, 60000); wr_all(p->fd, o.p, o.n);
  reply r = {.id = -1}; rtmp_wait(p->fd, &in, &r, true);
  fcntl(p->fd, F_SETFL, O_NONBLOCK);
  free(m.p); free(o.p); free(in.in.p);
}
static void pub_flush(pub *p) {
  while (p->out.n) { ssize_t k = write(p->fd, p->out.p, p->out.n); if (k < 0) { if (errno == EAGAIN) return; die("publisher lost: %s", strerror(errno)); } bdrop(&p->out, k); }
}
static double pub_pump(double t) { // returns the time at which the next tag is due
  double next = t + 1;
  for (int i = 0; i < npubs; i++) {
    pub *p = &pubs[i]; double ms = (t - pub_t0) * 1000;
    for (;;) {
      tag *g = &tags[p->at]; double due = p->base + g->ts;
      if (due > ms) { double d = pub_t0 + due / 1000; if (d < next) next = d; break; }
      if (!(p->base && is_seq_header(g))) {
        uint32_t ts = p->base + g->ts;
        int csid = g->type == 9 ? 6 : g->type == 8 ? 4 : 3;
        if (g->type == 18) { buf m = {0}; astr(&m, "@setDataFrame"); bput(&m, g->d, g->n); rtmp_msg(&p->out, csid, 18, ts, p->sid, m.p, m.n, 60000); free(m.p); }
        else rtmp_msg(&p->out, csid, g->type, ts, p->sid, g->d, g->n, 60000);
        size_t h = tag_head(g->type, g->d, g->n);
        if (i == 0 && (g->type == 9 || g->type == 8) && g->n > h && !is_seq_header(g)) {
          sent_at[frame_key(g->d + h, g->n - h)] = now();
          if (measuring) sent_frames[g->type == 8]++;
        }
        pub_flush(p);
      }
      if (++p->at == ntags) { p->at = 0; p->base += span; }
    }
    pub_flush(p);
    uint8_t junk[4096]; while (recv(p->fd, junk, sizeof junk, MSG_DONTWAIT) > 0) {}
  }
  header_sent = true; return next;
}

// ---- viewers
enum { SINK, PROBE };
typedef struct { int fd, kind; url u; int64_t bytes; bool body; bool closed, chunked; int step; reply rep; buf in, flv; rtmp_in r; double joined, first; uint64_t frames[2]; bool mp4, stalled; uint32_t video_track; int64_t bytes0; } viewer;
static viewer *vs; static int nv;
typedef struct { double *p; size_t n, cap; } samples;
static samples lat[2]; // video, audio
static void add_sample(samples *s, double v) { if (s->n == s->cap) s->p = realloc(s->p, (s->cap = s->cap * 2 + 4096) * sizeof *s->p); s->p[s->n++] = v; }
static int64_t total_bytes;
static void payload_seen(viewer *v, int audio, const uint8_t *d, size_t n) {
  double t = now(); if (!v->first) v->first = t;
  if (!measuring) return;
  v->frames[audio]++;
  double s = sent_at[frame_key(d, n)]; if (!s || t - s > 60 || t < s) return;
  add_sample(&lat[audio], t - s);
}
static void frame_seen(viewer *v, int type, uint32_t ts, const uint8_t *d, size_t n) {
  if ((type != 9 && type != 8) || n < 2) return;
  tag g = {type, ts, (uint8_t *)d, (uint32_t)n}; if (is_seq_header(&g)) return;
  size_t h = tag_head(type, d, n);
  if (n > h) payload_seen(v, type == 8, d + h, n - h);
}
// Whole boxes as a WebSocket message brings them: single-track moof + mdat; track 1 is video in our servers,
// others are told by the handler type in moov.
static void mp4_samples(viewer *v, const uint8_t *moof, size_t n, const uint8_t *mdat) {
  uint32_t track = 0; const uint8_t *p = moof + 8, *end = moof + n;
  while (p + 8 <= end) {
    uint32_t sz = rd32(p); if (sz < 8 || p + sz > end) return;
    if (!memcmp(p + 4, "traf", 4)) { end = p + sz; p += 8; continue; }
    if (!memcmp(p + 4, "tfhd", 4)) track = rd32(p + 12);
    if (!memcmp(p + 4, "trun", 4)) {
      uint32_t fl = rd32(p + 8) & 0xffffff, count = rd32(p + 12); const uint8_t *q = p + 16;
      if (fl & 1) q += 4;
      if (fl & 4) q += 4;
      for (uint32_t i = 0; i < count; i++) {
        if (fl & 0x100) q += 4;
        uint32_t size = 0; if (fl & 0x200) { size = rd32(q); q += 4; }
        if (fl & 0x400) q += 4;
        if (fl & 0x800) q += 4;
        payload_seen(v, track != v->video_track, mdat, size); mdat += size;
      }
    }
    p += sz;
  }
}
static void mp4_feed(viewer *v, const uint8_t *d, size_t n) {
  bput(&v->flv, d, n); buf *b = &v->flv; size_t o = 0, moof = 0, moof_n = 0; bool have = false;
  for (;;) {
    if (b->n - o < 8) break;
    uint32_t sz = rd32(b->p + o); if (sz < 8 || b->n - o < sz) break;
    uint8_t *p = b->p + o;
    if (!memcmp(p + 4, "moov", 4)) { // the track whose trak holds a "vide" handler
      for (size_t i = 8; i + 8 <= sz;) { uint32_t k = rd32(p + i); if (k < 8) break;
        if (!memcmp(p + i + 4, "trak", 4) && memmem(p + i, k, "vide", 4)) { uint8_t *t = memmem(p + i, k, "tkhd", 4); if (t) v->video_track = rd32(t + 4 + 12); }
        i += k; }
    } else if (!memcmp(p + 4, "moof", 4)) { have = true; moof = o; moof_n = sz; }
    else if (!memcmp(p + 4, "mdat", 4) && have) { mp4_samples(v, b->p + moof, moof_n, p + 8); have = false; }
    if (!have || memcmp(p + 4, "moof", 4)) { o += sz; continue; }
    if (b->n - o - sz < 8 || b->n - o - sz < rd32(p + sz)) break; // wait for the mdat
    o += sz;
  }
  bdrop(b, o);
}
static void on_play_msg(void *ctx, int type, uint32_t ts, const uint8_t *d, size_t n) {
  viewer *v = ctx;
  if (type == 8 || type == 9) frame_seen(v, type, ts, d, n);
  else if (type == 22) { for (size_t i = 0; i + 11 <= n;) { uint32_t sz = rd24(d + i + 1); if (i + 11 + sz > n) break; frame_seen(v, d[i], rd24(d + i + 4) | (uint32_t)d[i + 7] << 24, d + i + 11, sz); i += 11 + sz + 4; } }
}
static void flv_feed(viewer *v, const uint8_t *d, size_t n) {
  if (v->mp4) { mp4_feed(v, d, n); return; }
  bput(&v->flv, d, n); size_t o = 0; buf *b = &v->flv;
  if (!v->r.chunk) { if (b->n < 13) return; if (memcmp(b->p, "FLV", 3)) die("probe: body is not FLV"); o = 13; v->r.chunk = 1; }
  while (b->n - o >= 11) { uint8_t *p = b->p + o; uint32_t sz = rd24(p + 1); if (b->n - o < 15 + sz) break; frame_seen(v, p[0] & 31, rd24(p + 4) | (uint32_t)p[7] << 24, p + 11, sz); o += 15 + sz; }
  bdrop(b, o);
}
static void http_feed(viewer *v) { // de-chunk or pass through; or ws frames
  size_t o = 0; buf *b = &v->in;
  if (!strcmp(v->u.scheme, "ws")) {
    for (;;) { uint8_t *p = b->p + o; size_t n = b->n - o; if (n < 2) break; uint64_t l = p[1] & 127; size_t h = 2;
      if (l == 126) { if (n < 4) break; l = p[2] << 8 | p[3]; h = 4; } else if (l == 127) { if (n < 10) break; l = (uint64_t)rd32(p + 2) << 32 | rd32(p + 6); h = 10; }
      if (n < h + l) break;
      if ((p[0] & 15) == 2 || (p[0] & 15) == 0) flv_feed(v, p + h, l);
      o += h + l; }
  } else if (v->chunked) {
    for (;;) { uint8_t *p = b->p + o, *e = memmem(p, b->n - o, "\r\n", 2); if (!e) break; size_t l = strtoul((char *)p, 0, 16), h = e + 2 - p;
      if (b->n - o < h + l + 2) break;
      flv_feed(v, p + h, l); o += h + l + 2; }
  } else { flv_feed(v, b->p, b->n); o = b->n; }
  bdrop(b, o);
}
static void viewer_start(viewer *v) {
  v->joined = now(); size_t pl = strlen(v->u.path); v->mp4 = pl > 4 && !strcmp(v->u.path + pl - 4, ".mp4");
  if (!strcmp(v->u.scheme, "rtmp")) {
    v->fd = dial(&v->u); uint8_t c[1537]; memset(c, 0, sizeof c); c[0] = 3; wr_all(v->fd, c, sizeof c); v->r.chunk = 128;
  } else {
    v->fd = dial(&v->u); char q[1024]; bool ws = !strcmp(v->u.scheme, "ws");
    int k = snprintf(q, sizeof q, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n", v->u.path, v->u.host, v->u.port,
      ws ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" : "");
    wr_all(v->fd, q, k);
  }
  fcntl(v->fd, F_SETFL, O_NONBLOCK);
}
// the RTMP viewer's way from handshake to play, a step each time bytes arrive
static void rtmp_steps(viewer *v) {
  if (v->step == 0) {
    if (v->in.n < 3073) return;
    wr_all(v->fd, v->in.p + 1, 1536); send_connect(v->fd, &v->u); v->step = 1; v->rep = (reply){.id = 1};
    bdrop(&v->in, 3073);
  }
  bput(&v->r.in, v->in.p, v->in.n); v->in.n = 0;
  rtmp_feed(&v->r, on_reply, &v->rep);
  if (v->step == 1 && v->rep.ok) { send_create_stream(v->fd); v->step = 2; v->rep = (reply){.id = 2, .stream = 1}; }
  else if (v->step == 2 && v->rep.ok) {
    uint32_t sid = v->rep.stream; buf m = {0}, o = {0};
    astr(&m, "play"); anum(&m, 4); b8(&m, 5); astr(&m, v->u.stream); anum(&m, -2000);
    rtmp_msg(&o, 8, 20, 0, sid, m.p, m.n, 60000); m.n = 0;
    b8(&m, 0); b8(&m, 3); b32(&m, sid); b32(&m, 100); rtmp_msg(&o, 2, 4, 0, 0, m.p, m.n, 60000); wr_all(v->fd, o.p, o.n);
    free(m.p); free(o.p); v->body = true;
  }
}
static uint8_t scratch[1 << 20];
static void viewer_read(viewer *v) {
  bool sink = v->kind == SINK && v->body;
  if (v->stalled && v->body) { v->closed = true; return; } // taken off the poll set, left open
  for (int i = 0; i < 4; i++) {
    ssize_t k = recv(v->fd, scratch, sink ? (1 << 26) : sizeof scratch, sink ? MSG_TRUNC | MSG_DONTWAIT : MSG_DONTWAIT);
    if (k < 0 && errno == EAGAIN) return;
    if (k <= 0) { v->closed = true; return; }
    v->bytes += k; if (measuring) total_bytes += k;
    if (sink) { if (!v->first) v->first = now(); if (k < (1 << 18)) return; continue; }
    if (!v->body && !strcmp(v->u.scheme, "rtmp")) { bput(&v->in, scratch, k); rtmp_steps(v); }
    else if (!v->body) {
      bput(&v->in, scratch, k); uint8_t *e = memmem(v->in.p, v->in.n, "\r\n\r\n", 4); if (!e) return;
      int code = v->in.n > 12 ? atoi((char *)v->in.p + 9) : 0; if (code != 200 && code != 101) die("viewer got HTTP %d", code);
      *e = 0; v->chunked = strcasestr((char *)v->in.p, "transfer-encoding: chunked"); v->body = true;
      bdrop(&v->in, e + 4 - v->in.p); if (v->kind == PROBE) http_feed(v); else v->in.n = 0;
    } else if (!strcmp(v->u.scheme, "rtmp")) { bput(&v->r.in, scratch, k); rtmp_feed(&v->r, on_play_msg, v); }
    else { bput(&v->in, scratch, k); http_feed(v); }
    if (k < (ssize_t)sizeof scratch) return;
  }
}
// ---- server accounting
static int pids[256], npids;
static int roots[64], nroots;
static void follow_children(void) { // of every root, by parent pid, so that workers count
  npids = 0; for (int i = 0; i < nroots; i++) pids[npids++] = roots[i];
  for (int i = 0; i < npids; i++) {
    char f[96]; snprintf(f, sizeof f, "/proc/%d/task/%d/children", pids[i], pids[i]);
    FILE *p = fopen(f, "r"); if (!p) continue; int c;
    while (npids < 256 && fscanf(p, "%d", &c) == 1) pids[npids++] = c;
    fclose(p);
  }
}
static double cpu_of(void) {
  double s = 0;
  for (int i = 0; i < npids; i++) { char f[64], b[1024]; snprintf(f, sizeof f, "/proc/%d/stat", pids[i]); FILE *p = fopen(f, "r"); if (!p) continue;
    size_t n = fread(b, 1, sizeof b - 1, p); b[n] = 0; fclose(p); char *q = strrchr(b, ')'); unsigned long u = 0, y = 0;
    sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &y); s += (u + y) / (double)sysconf(_SC_CLK_TCK); }
  return s;
}
static long rss_of(void) {
  long s = 0;
  for (int i = 0; i < npids; i++) { char f[64]; snprintf(f, sizeof f, "/proc/%d/statm", pids[i]); FILE *p = fopen(f, "r"); long a, r = 0; if (!p) continue; if (fscanf(p, "%ld %ld", &a, &r) == 2) s += r * 4; fclose(p); }
  return s;
}
static int cmpd(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return x < y ? -1 : x > y; }

int main(int argc, char **argv) {
  const char *file = 0, *purl = 0, *vurl = 0; int sinks = 100, probes = 2, rate = 500, stalled = 0; double warm = 3, dur = 10; int o;
  while ((o = getopt(argc, argv, "f:P:v:n:k:w:d:p:m:r:s:")) != -1) switch (o) {
    case 'f': file = optarg; break; case 'P': purl = optarg; break; case 'v': vurl = optarg; break;
    case 'n': sinks = atoi(optarg); break; case 'k': probes = atoi(optarg); break; case 'w': warm = atof(optarg); break;
    case 'd': dur = atof(optarg); break; case 'm': npubs = atoi(optarg); break; case 'r': rate = atoi(optarg); break;
    case 'p': for (char *t = strtok(optarg, ","); t && nroots < 64; t = strtok(0, ",")) roots[nroots++] = atoi(t); break;
    case 's': stalled = atoi(optarg); break;
    default: die("see the head of livebench.c for usage"); }
  if ((purl && !file) || (!purl && !vurl)) die("see the head of livebench.c for usage");
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  url pu; memset(&pu, 0, sizeof pu);
  if (purl) { load_flv(file); pu = parse_url(purl); } else npubs = 0;
  pubs = calloc(npubs + 1, sizeof *pubs);
  follow_children(); long rss0 = rss_of();
  for (int i = 0; i < npubs; i++) pub_start(&pubs[i], pu, i);
  pub_t0 = now(); int ep = epoll_create1(0); nv = vurl ? sinks + probes + stalled : 0; vs = calloc(nv + 1, sizeof *vs);
  double start_join = now() + 2.5, join_done = 0, m0 = 0, m1 = 0, c0 = 0, cpu = 0, self0 = 0; int joined = 0; long rss1 = 0; struct rusage ru;
  double hold_until = 0; enum { RUN, SETTLE, DRAIN } phase = RUN;
  for (;;) {
    double t = now(), next = t + 0.05;
    if (hold_until && t >= hold_until) {
      pub_t0 += phase == SETTLE ? 0.4 : 1.0; hold_until = 0;
      if (phase == DRAIN) break;
      measuring = true; m0 = t; follow_children(); c0 = cpu_of(); rss1 = rss_of(); getrusage(RUSAGE_SELF, &ru);
      self0 = ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
      for (int i = 0; i < nv; i++) vs[i].bytes0 = vs[i].bytes;
    }
    if (!hold_until) next = pub_pump(t);
    while (joined < nv && t >= start_join + joined / (double)rate) {
      viewer *v = &vs[joined]; int live = nv - stalled; v->stalled = joined >= live;
      v->kind = !v->stalled && (long)joined * probes / live != (long)(joined + 1) * probes / live ? PROBE : SINK; // spread evenly
      char u[1024];
      if (npubs > 1) { // suffix goes before ".flv" or at the end
        int k = v->kind == PROBE ? 0 : joined % npubs; const char *dot = strrchr(vurl, '.'), *sl = strrchr(vurl, '/'); if (!dot || dot < sl) dot = vurl + strlen(vurl);
        snprintf(u, sizeof u, "%.*s%d%s", (int)(dot - vurl), vurl, k, dot); } else snprintf(u, sizeof u, "%s", vurl);
      v->u = parse_url(u); viewer_start(v); struct epoll_event e = {.events = EPOLLIN, .data.ptr = v}; epoll_ctl(ep, EPOLL_CTL_ADD, v->fd, &e); joined++; t = now();
      pub_pump(t);
    }
    if (joined == nv && !join_done && t >= start_join) join_done = t;
    if (join_done && phase == RUN && t > join_done + warm) { phase = SETTLE; hold_until = t + 0.4; }
    if (measuring && phase == SETTLE && t > m0 + dur) { phase = DRAIN; hold_until = t + 1; m1 = t; cpu = cpu_of() - c0; getrusage(RUSAGE_SELF, &ru); }
    struct epoll_event ev[256]; double wait = next - now(); if (joined < nv) wait = 0.0005; if (wait > 0.05) wait = 0.05;
    int n = epoll_wait(ep, ev, 256, wait <= 0 ? 0 : (int)(wait * 1000) + (wait * 1000 > 1 ? 0 : 0));
    for (int i = 0; i < n; i++) { viewer *v = ev[i].data.ptr; viewer_read(v); if (v->closed) { epoll_ctl(ep, EPOLL_CTL_DEL, v->fd, 0); } if ((i & 31) == 31 && !hold_until) pub_pump(now()); }
  }
  double secs = m1 - m0;
  double self = ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6 - self0;
  int lost = 0, silent = 0; bool whole = true; samples first = {0}; int64_t least = INT64_MAX, most = 0;
  for (int i = 0; i < nv; i++) {
    viewer *v = &vs[i]; if (v->stalled) continue;
    lost += v->closed; silent += !v->first; if (v->first) add_sample(&first, v->first - v->joined);
    if (v->kind == PROBE) { if (npubs && (v->frames[0] < sent_frames[0] || v->frames[1] < sent_frames[1])) whole = false; }
    else if (npubs == 1) { int64_t got = v->bytes - v->bytes0; if (got < least) least = got; if (got > most) most = got; }
  }
  if (lost || silent || (most && least < 0.999 * most)) whole = false;
  double p50[3], p99[3]; samples *all[3] = {&lat[0], &lat[1], &first};
  for (int i = 0; i < 3; i++) { samples *x = all[i]; qsort(x->p, x->n, sizeof *x->p, cmpd); p50[i] = x->n ? x->p[x->n / 2] * 1e3 : 0; p99[i] = x->n ? x->p[x->n * 99 / 100] * 1e3 : 0; }
  int readers = nv - stalled; double gb = total_bytes * 8 / 1e9;
  printf("viewers=%d pubs=%d lost=%d silent=%d whole=%d secs=%.1f gbit=%.3f mbps=%.0f cpu_s=%.2f cpu_pct=%.0f cpu_us_per_viewer_s=%.0f cpu_us_per_pub_s=%.0f client_cpu_pct=%.0f "
    "video_p50_ms=%.2f video_p99_ms=%.2f video_max_ms=%.2f audio_p50_ms=%.2f audio_p99_ms=%.2f frames=%zu first_p50_ms=%.1f first_p99_ms=%.1f rss_kb=%ld rss_kb_per_viewer=%.1f\n",
    readers, npubs, lost, silent, whole, secs, gb, total_bytes * 8 / 1e6 / secs, cpu, 100 * cpu / secs, readers ? cpu * 1e6 / secs / readers : 0, npubs ? cpu * 1e6 / secs / npubs : 0, 100 * self / secs,
    p50[0], p99[0], lat[0].n ? lat[0].p[lat[0].n - 1] * 1e3 : 0, p50[1], p99[1], lat[0].n, p50[2], p99[2], rss1, readers ? (rss1 - rss0) / (double)readers : 0);
  return 0;
}
