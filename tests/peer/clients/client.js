// Pushes with prom-client: client.js URL OPTIONS ACTION..., where OPTIONS are of keepalive and gzip, with a comma
// between. Writes a line for each action: the status, or the error; then the number of connections that were made.
'use strict';

const http = require('http');
const prom = require('prom-client');

const [gateway, options, ...actions] = process.argv.slice(2);
const timeout = 20000; // milliseconds: an answer that never comes is an error with a name
const agent = new http.Agent({ keepAlive: options.includes('keepalive'), maxSockets: 1 });
const headers = options.includes('gzip') ? { 'Content-Encoding': 'gzip' } : {};
const group = { jobName: 'js', groupings: { 'instance': 'a:1', 'zone': 'küche 1' } };

const createConnection = agent.createConnection;
let connections = 0;
agent.createConnection = function (...args) {
	connections++;
	return createConnection.apply(this, args);
};

function registry(times) {
	const registers = [new prom.Registry()];
	const counter = new prom.Counter({ name: 'js_jobs_total', help: 'A "counter"\\\n.', registers });
	const gauge = new prom.Gauge({ name: 'js_level', help: 'A gauge.', labelNames: ['name'], registers });
	const histogram = new prom.Histogram({ name: 'js_seconds', help: 'A histogram.', buckets: [0.25, 1], registers });
	const summary = new prom.Summary({ name: 'js_bytes', help: 'A summary.', percentiles: [0.5], registers });
	for (let i = 0; i < times; i++) {
		counter.inc(3);
		gauge.inc({ name: '"q"\\\n' }, 1.5e-7);
		histogram.observe(0.5);
		summary.observe(4);
	}
	return registers[0];
}

// Only the families of these names.
async function some(times, names) {
	const all = registry(times);
	for (const { name } of await all.getMetricsAsJSON()) {
		if (!names.includes(name)) {
			all.removeSingleMetric(name);
		}
	}
	return all;
}

async function act(action) {
	const using = (metrics) => new prom.Pushgateway(gateway, { agent, timeout, headers: { ...headers } }, metrics);
	switch (action) {
	case 'push':
		return using(registry(1)).push(group);
	case 'add':
		return using(await some(2, ['js_jobs_total', 'js_level'])).pushAdd(group);
	case 'delete':
		return using(registry(0)).delete(group);
	}
	throw new Error(`unknown action ${action}`);
}

(async () => {
	for (const action of actions) {
		try {
			console.log((await act(action)).resp.statusCode);
		} catch (error) {
			console.log(error.message.trim());
		}
	}
	console.log(`${connections} connections`);
	// Without it the process would live as long as the connections that are kept.
	agent.destroy();
})();
