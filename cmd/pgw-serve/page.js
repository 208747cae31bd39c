"use strict";

/* A button sends the request that it names, when the user has confirmed it. Paths are relative, so that the page works
 * below any prefix. */
document.addEventListener("click", async (event) => {
	const button = event.target.closest("button[data-path]");
	if (!button)
		return;
	const group = button.closest("li");
	const what = group ? " " + group.querySelector("code").textContent : "";
	if (!confirm(button.textContent + what + "?"))
		return;
	button.disabled = true;
	try {
		const answer = await fetch(button.dataset.path, {method: button.dataset.method});
		if (!answer.ok)
			throw new Error(answer.status + " " + await answer.text());
		if (group)
			group.remove();
		else
			location.reload();
	} catch (error) {
		button.disabled = false;
		alert(error.message);
	}
});
