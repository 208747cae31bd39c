/*
 * page: the web page, for people: all groups with a button to delete each, and what the gateway is.
 *
 * It is one answer without any other file: style and script stand in it, allowed by their hashes in the
 * Content-Security-Policy, which forbids everything else. All its links are relative to the folder of the page, so that
 * it works below every prefix, also one that a proxy cuts off. What was pushed gets into it through html_text() alone.
 *
 * Its size is bounded, whatever is in the spool. Families and samples are shown while the page is smaller than
 * PAGE_SAMPLES_MAX; groups behind that are one line each with a link that shows the group alone, while the page is
 * smaller than PAGE_GROUPS_MAX; of the rest only the number is told. ?filter=TEXT leaves the groups whose key as text,
 * {job="backup",instance="db1"}, has TEXT in it.
 */
#ifndef PGW_PAGE_H
#define PGW_PAGE_H

#define PAGE_SAMPLES_MAX (2u << 20) /* about 10,000 samples */
#define PAGE_GROUPS_MAX	 (8u << 20) /* about 20,000 groups */

struct request;

void page_handle_groups(struct request *request);
void page_handle_status(struct request *request);

#endif
