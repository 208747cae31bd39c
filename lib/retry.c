#include "retry.h"

#include <bsd/stdlib.h>

#include "clock.h"

#define FIRST_WAIT   (500 * CLOCK_MILLISECOND)
#define LONGEST_WAIT (60 * CLOCK_SECOND)

void retry_init(struct retry *retry, unsigned retries, int64_t deadline)
{
	*retry = (struct retry){.left = retries, .deadline = deadline};
}

unsigned retry_share(const struct retry *retry, int64_t now)
{
	int64_t share = (retry->deadline - now) / CLOCK_MILLISECOND / ((int64_t)retry->left + 1);
	return share < 1 ? 1 : (unsigned)share;
}

static bool may_change(const struct http_answer *answer)
{
	if (answer->status == 0)
		return answer->error.kind == ERROR_UNAVAILABLE;
	return answer->status >= 500 || answer->status == 408 || answer->status == 429;
}

int64_t retry_longest_wait(unsigned done)
{
	int64_t wait = FIRST_WAIT;
	for (unsigned i = 1; i < done && wait < LONGEST_WAIT; i++)
		wait *= 2;
	return wait < LONGEST_WAIT ? wait : LONGEST_WAIT;
}

bool retry_again(struct retry *retry, const struct http_answer *answer, int64_t now, int64_t *start)
{
	if (retry->left == 0 || !may_change(answer))
		return false;
	int64_t wait = retry_longest_wait(retry->done + 1);
	wait -= arc4random_uniform((uint32_t)(wait / 2 / CLOCK_MILLISECOND)) * CLOCK_MILLISECOND;
	int64_t asked = answer->retry_after * CLOCK_SECOND;
	*start = now + (asked > wait ? asked : wait);
	if (*start >= retry->deadline)
		return false;
	retry->left--;
	retry->done++;
	return true;
}
