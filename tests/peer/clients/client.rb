# Pushes with prometheus-client-mmap: client.rb ACTION URL. Prints the status that it got. Counters and gauges only: this
# version fails to write the others as text.
require 'prometheus/client'
require 'prometheus/client/push'

action, gateway = ARGV
registry = Prometheus::Client::Registry.new
registry.counter(:ruby_jobs_total, 'A counter.').increment({}, 3)
if action == 'replace'
  registry.gauge(:ruby_level, 'A gauge.').set({ name: "\"q\"\\\n" }, -1.5e-7)
else
  registry.gauge(:ruby_more, 'Another.').set({}, 1)
end

push = Prometheus::Client::Push.new(job: 'ruby job', instance: 'a:1', gateway: gateway)
answer = action == 'delete' ? push.delete : push.public_send(action, registry)
puts answer.code, answer.body
