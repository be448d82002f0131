/* A load generator that costs less than what it measures: one thread, epoll, keep-alive connections.
 *
 * Closed loop (no -r): each connection sends its next request when it has its answer.
 * Open loop (-r RATE): requests are due at a constant rate whatever the answers do, and latency counts from the moment
 * a request was due, so a stalled server is seen at its full length instead of being waited for.
 *
 * Every answer is read whole by its Content-Length; whatever is not a 200 that holds the expected text is an error.
 * The result is one line of JSON on standard output.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, BUFFER = 32768, QUEUE = 1 << 20, SAMPLES = 1 << 23 };

struct token { const char *at; size_t length; };
struct connection {
    int fd, busy;
    int64_t due;
    size_t sent, have;
    struct iovec parts[3];
    char in[BUFFER];
};

static struct token *tokens;
static size_t token_count, next_token, window = 1000;
static int seen_percent;
static char head[1024], tail[64];
static size_t head_length, tail_length;
static const char *expected = "";
static struct connection connections[CONNECTIONS_MAX];
static int idle[CONNECTIONS_MAX], idle_count;
static int64_t *queue;
static size_t queue_first, queue_last;
static uint32_t *samples;
static size_t sample_count, errors, sent_count;
static uint64_t seed = 88172645463325252ULL;
static struct sockaddr_in address;
static int poller;
static char first_error[256];

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t draw(void) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

/* The pool in order; or, for part of the requests, one of the last tokens taken from it. */
static struct token pick(void) {
    if (token_count == 0) return (struct token){"", 0};
    if (seen_percent && next_token > 0 && (int)(draw() % 100) < seen_percent) {
        size_t recent = next_token < window ? next_token : window;
        return tokens[(next_token - 1 - draw() % recent) % token_count];
    }
    return tokens[next_token++ % token_count];
}

static void open_connection(int number) {
    struct connection *c = &connections[number];
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) die("epoll_ctl");
}

static void note_error(const char *what, const char *detail) {
    if (errors++ == 0) {
        snprintf(first_error, sizeof first_error, "%s: %.120s", what, detail);
        for (char *p = first_error; *p; p++)
            if (*p == '"' || *p == '\\' || *p < ' ') *p = ' ';
    }
}

static void done(int number) {
    struct connection *c = &connections[number];
    if (sample_count < SAMPLES) {
        int64_t microseconds = (now_ns() - c->due + 500) / 1000;
        samples[sample_count++] = microseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)microseconds;
    }
    c->busy = 0;
    c->have = 0;
    idle[idle_count++] = number;
}

static void reopen(int number, const char *what) {
    note_error(what, "");
    close(connections[number].fd);
    open_connection(number);
    done(number);
}

static void flush_request(int number) {
    struct connection *c = &connections[number];
    size_t total = c->parts[0].iov_len + c->parts[1].iov_len + c->parts[2].iov_len;
    while (c->sent < total) {
        struct iovec rest[3];
        size_t skip = c->sent;
        int used = 0;
        for (int i = 0; i < 3; i++) {
            size_t length = c->parts[i].iov_len;
            if (skip >= length) { skip -= length; continue; }
            rest[used].iov_base = (char *)c->parts[i].iov_base + skip;
            rest[used++].iov_len = length - skip;
            skip = 0;
        }
        ssize_t wrote = writev(c->fd, rest, used);
        if (wrote < 0) {
            if (errno == EAGAIN) continue; /* a request is smaller than any socket buffer */
            reopen(number, "write");
            return;
        }
        c->sent += (size_t)wrote;
    }
}

static void send_request(int number, int64_t due) {
    struct connection *c = &connections[number];
    struct token t = pick();
    c->busy = 1;
    c->due = due;
    c->sent = 0;
    c->have = 0;
    c->parts[0] = (struct iovec){head, head_length};
    c->parts[1] = (struct iovec){(void *)t.at, t.length};
    c->parts[2] = (struct iovec){tail, tail_length};
    sent_count++;
    flush_request(number);
}

/* 1: a whole answer is there; 0: not yet; -1: it cannot be read. */
static int whole(struct connection *c) {
    c->in[c->have] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return c->have >= BUFFER - 1 ? -1 : 0;
    char *field = strcasestr(c->in, "\r\ncontent-length:");
    if (!field || field > end) return -1;
    size_t length = (size_t)(end + 4 - c->in) + strtoul(field + 17, NULL, 10);
    if (length >= BUFFER) return -1;
    return c->have >= length;
}

static void receive(int number) {
    struct connection *c = &connections[number];
    ssize_t got = read(c->fd, c->in + c->have, BUFFER - 1 - c->have);
    if (got < 0 && errno == EAGAIN) return;
    if (!c->busy || got <= 0) {
        if (c->busy) { reopen(number, got ? "read" : "closed by the server"); return; }
        close(c->fd); /* an idle connection ended: no request was lost */
        open_connection(number);
        return;
    }
    c->have += (size_t)got;
    int state = whole(c);
    if (state == 0) return;
    if (state < 0) { reopen(number, "unreadable answer"); return; }
    if (strncmp(c->in, "HTTP/1.1 200", 12) != 0 || !strstr(c->in, expected)) note_error("answer", c->in);
    int closes = strcasestr(c->in, "\r\nconnection: close") != NULL;
    done(number);
    if (closes) { close(c->fd); open_connection(number); }
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void read_pool(const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) < 0) die(path);
    char *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) die("mmap");
    size_t room = 1024;
    tokens = malloc(room * sizeof *tokens);
    for (char *at = data, *end; at < data + status.st_size; at = end + 1) {
        end = memchr(at, '\n', (size_t)(data + status.st_size - at));
        if (!end) break;
        if (token_count == room) tokens = realloc(tokens, (room *= 2) * sizeof *tokens);
        tokens[token_count++] = (struct token){at, (size_t)(end - at)};
    }
}

static double millis(double part) {
    return sample_count ? samples[(size_t)(part * (double)(sample_count - 1))] / 1000.0 : 0;
}

static void report(double seconds) {
    qsort(samples, sample_count, sizeof *samples, ascending);
    printf("{\"requests\": %zu, \"errors\": %zu, \"seconds\": %.4f, \"rate\": %.1f, \"next\": %zu, "
           "\"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"max_ms\": %.3f, "
           "\"unsent\": %zu, \"first_error\": \"%s\"}\n",
           sample_count, errors, seconds, (double)sample_count / seconds, next_token, millis(0.5), millis(0.9),
           millis(0.99), millis(0.999), millis(1), queue_last - queue_first, first_error);
}

static void enqueue_due(int64_t start, int64_t now, double rate, size_t *scheduled, int64_t stop) {
    for (;;) {
        int64_t due = start + (int64_t)((double)*scheduled * 1e9 / rate);
        if (due > now || due >= stop) return;
        if (queue_last - queue_first < QUEUE) queue[queue_last++ % QUEUE] = due;
        else note_error("the queue of due requests is full", "");
        ++*scheduled;
    }
}

static void run(double seconds, size_t requests, double rate) {
    struct epoll_event events[256];
    int64_t start = now_ns(), stop = start + (int64_t)(seconds * 1e9), last = stop + 10000000000LL;
    size_t scheduled = 0;
    for (;;) {
        int64_t now = now_ns();
        int over = now >= stop || (requests && sent_count >= requests);
        if (rate > 0) {
            enqueue_due(start, now, rate, &scheduled, stop);
            while (idle_count && queue_first != queue_last) send_request(idle[--idle_count], queue[queue_first++ % QUEUE]);
        } else {
            while (idle_count && !over) {
                send_request(idle[--idle_count], now_ns());
                over = requests && sent_count >= requests;
            }
        }
        int busy = 0;
        if (over && queue_first == queue_last)
            for (int i = 0; i < CONNECTIONS_MAX; i++) busy += connections[i].busy;
        if (over && queue_first == queue_last && !busy) break;
        if (now > last) break;
        int ready = epoll_wait(poller, events, 256, rate > 0 ? 0 : 100);
        for (int i = 0; i < ready; i++) receive((int)events[i].data.u32);
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].busy) note_error("no answer", "");
    int64_t end = now_ns();
    report((double)((rate > 0 && end > stop ? stop : end) - start) / 1e9);
}

int main(int count, char **arguments) {
    const char *path = "/", *method = "GET", *pool = NULL;
    int port = 8000, connection_count = 64, option;
    double seconds = 1e9, rate = 0;
    size_t requests = 0;
    while ((option = getopt(count, arguments, "p:u:m:f:c:s:n:r:w:o:b:e:")) != -1) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'u': path = optarg; break;
        case 'm': method = optarg; break;
        case 'f': pool = optarg; break;
        case 'c': connection_count = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'n': requests = strtoul(optarg, NULL, 10); break;
        case 'r': rate = atof(optarg); break;
        case 'w': window = strtoul(optarg, NULL, 10); break;
        case 'o': next_token = strtoul(optarg, NULL, 10); break;
        case 'b': seen_percent = atoi(optarg); break;
        case 'e': expected = optarg; break;
        default: return 2;
    }
    if (connection_count < 1 || connection_count > CONNECTIONS_MAX) return 2;
    if (pool) read_pool(pool);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int post = strcmp(method, "POST") == 0;
    head_length = (size_t)snprintf(head, sizeof head,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: load\r\nAccept: */*\r\n%s%s", method, path, port,
        post ? "Content-Type: application/json\r\nContent-Length: 0\r\n" : "", pool ? "Authorization: Bearer " : "");
    tail_length = (size_t)snprintf(tail, sizeof tail, pool ? "\r\n\r\n" : "\r\n");
    queue = malloc(QUEUE * sizeof *queue);
    samples = malloc(SAMPLES * sizeof *samples);
    poller = epoll_create1(0);
    if (!queue || !samples || poller < 0) die("start");
    for (int i = 0; i < connection_count; i++) {
        open_connection(i);
        idle[idle_count++] = i;
    }
    run(seconds, requests, rate);
    return 0;
}
