package io.dunlin.integration;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A job file in the making: a model so small that a step takes milliseconds, on a text of a few kilobytes, every step
 * logged.
 */
record TestJob(Map<String, String> settings) {

    /** Two layers of 32, 12 micro-batches of 2 x 32 tokens a step: no number of ranks from 1 to 5 divides them all. */
    static TestJob tiny(long steps) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("model.preset", "\"debug\"");
        settings.put("model.layers", "2");
        settings.put("model.width", "32");
        settings.put("model.heads", "2");
        settings.put("model.context", "32");
        settings.put("data.text", "\"text.txt\"");
        settings.put("train.steps", Long.toString(steps));
        settings.put("train.micro_batch", "2");
        settings.put("train.tokens_per_step", "768");
        settings.put("train.threads", "1");
        settings.put("optimizer.lr", "3e-3");
        settings.put("optimizer.schedule", "{ kind = \"constant\", warmup = 0 }");
        settings.put("checkpoint.interval", "5");
        settings.put("eval.interval", "0");
        settings.put("launch.backoff", "\"100ms\"");
        settings.put("observe.log_every", "1");
        return new TestJob(settings);
    }

    /** The same with one key set to a TOML value. */
    TestJob with(String key, Object tomlValue) {
        Map<String, String> changed = new TreeMap<>(settings);
        changed.put(key, tomlValue.toString());
        return new TestJob(changed);
    }

    /** The same without some keys: their defaults hold. */
    TestJob without(String... keys) {
        Map<String, String> changed = new TreeMap<>(settings);
        List.of(keys).forEach(changed::remove);
        return new TestJob(changed);
    }

    /** The same with bits that depend on nothing but the job. */
    TestJob deterministic() {
        return with("run.deterministic", true);
    }

    /** The same on several hosts, reached through a remote shell. */
    TestJob on(List<String> hosts, String remoteShell) {
        return with(
                        "launch.hosts",
                        hosts.stream().map(host -> '"' + host + '"').collect(Collectors.joining(", ", "[", "]")))
                .with("launch.remote_shell", '"' + remoteShell + '"');
    }

    /** The text of the file. */
    String toml() {
        return settings.entrySet().stream()
                .map(setting -> setting.getKey() + " = " + setting.getValue() + "\n")
                .collect(Collectors.joining());
    }
}
