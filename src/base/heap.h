/*
 * heap - how a program that serves one request uses its memory
 *
 * Such a program ends before it has touched most pages of its heap twice, and
 * a page's first touch costs more than what is done with the page.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/*
 * Takes from the system at once what one post needs, with all pages there,
 * and has all threads use it.  For the first lines of a program: memory that
 * was taken before stays as it is.  Does nothing where the C library or the
 * kernel has no such ways.
 */
void heap_begin_brief(void);

#endif
