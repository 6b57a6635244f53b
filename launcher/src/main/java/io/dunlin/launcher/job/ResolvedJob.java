package io.dunlin.launcher.job;

import java.util.LinkedHashMap;
import java.util.Map;

/** A complete job and where each of its values came from. */
public final class ResolvedJob {
    private final Job job;
    private final Map<KeyPath, Value> values;

    /** A bound value and its origin. */
    record Value(Object value, Origin origin) {}

    /**
     * Keeps a job.
     *
     * @param job complete
     * @param values of all keys, in order of the job file
     */
    ResolvedJob(Job job, Map<KeyPath, Value> values) {
        this.job = job;
        this.values = new LinkedHashMap<>(values);
    }

    /** Complete, and found to be consistent. */
    public Job job() {
        return job;
    }

    /**
     * Where a value came from.
     *
     * @param key for example {@code train.steps}
     */
    public Origin origin(String key) {
        Value value = values.get(KeyPath.of(key));
        if (value == null) {
            throw new IllegalArgumentException("no such key: " + key);
        }
        return value.origin();
    }

    /** A job file that says everything, each value with its origin behind it. */
    public String toml() {
        StringBuilder text = new StringBuilder("# Every value of this run, and where it came from.\n");
        KeyPath section = KeyPath.ROOT;
        for (Map.Entry<KeyPath, Value> entry : values.entrySet()) {
            KeyPath path = entry.getKey();
            if (!path.parent().equals(section)) {
                section = path.parent();
                text.append("\n[").append(section).append("]\n");
            }
            String line =
                    path.name() + " = " + ValueReader.show(entry.getValue().value());
            text.append(String.format(
                    "%-40s # %s%n", line, entry.getValue().origin().text()));
        }
        return text.toString();
    }
}
