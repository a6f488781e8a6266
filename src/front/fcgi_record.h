/*
 * fcgi_record - the records that a FastCGI connection is made of
 *
 * A record is a head of eight bytes, content of at most 65,535 bytes, and
 * padding (FastCGI specification 1.0, section 3.3).  The reader cuts a stream
 * that comes in any portions into pieces of records; the writers add whole
 * records to a buffer.  Pure.
 */
#ifndef FRONT_FCGI_RECORD_H
#define FRONT_FCGI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define FCGI_RECORD_HEAD_SIZE 8
/* The content of a full record that we write: a multiple of eight, so that it
 * needs no padding. */
#define FCGI_RECORD_FULL 65528

struct fcgi_reader {
	uint8_t head[FCGI_RECORD_HEAD_SIZE];
	size_t nhead;
	size_t at;      /* bytes of the content that were taken */
	size_t size;    /* of the content */
	size_t padding; /* still to come */
};

/* A part of one record's content, or all of it. */
struct fcgi_piece {
	uint8_t type;
	uint16_t id;
	size_t size;      /* of the record's content */
	size_t at;        /* where in the content the piece begins */
	const uint8_t *p; /* borrowed from what was read */
	size_t n;
	bool is_end; /* the content is whole with this piece */
};

enum fcgi_read {
	FCGI_READ_MORE,  /* all bytes were taken, and no piece was whole */
	FCGI_READ_PIECE, /* *out is a piece */
	FCGI_READ_BAD    /* no record of version 1 */
};

/* Takes bytes from *p, of which there are *n, up to the end of a piece, and
 * moves both behind them.  A record without content makes one empty piece. */
enum fcgi_read fcgi_record_read(struct fcgi_reader *r, const uint8_t **p,
    size_t *n, struct fcgi_piece *out);

/* All records that came are whole. */
bool fcgi_record_is_between(const struct fcgi_reader *r);

/* One record; size is at most 65,535. */
void fcgi_record_add(struct buf *out, uint8_t type, uint16_t id,
    const void *content, size_t size);

/* Output of any size, in as many records as it needs, none for nothing. */
void fcgi_record_add_output(struct buf *out, uint16_t id, const void *p,
    size_t n);
/* The empty record behind all output. */
void fcgi_record_add_output_end(struct buf *out, uint16_t id);

/* The end of a request; status is one of the protocol's (section 5.5). */
void fcgi_record_add_end(struct buf *out, uint16_t id, uint8_t status);

#endif
