package io.dunlin.launcher.job;

import java.util.ArrayList;
import java.util.List;

/** The tables and the key that lead to a value: {@code optimizer.schedule.warmup}. */
record KeyPath(List<String> names) {
    static final KeyPath ROOT = new KeyPath(List.of());

    KeyPath {
        names = List.copyOf(names);
    }

    static KeyPath of(String dotted) {
        return new KeyPath(List.of(dotted.split("\\.")));
    }

    KeyPath child(String name) {
        List<String> longer = new ArrayList<>(names);
        longer.add(name);
        return new KeyPath(longer);
    }

    KeyPath parent() {
        return new KeyPath(names.subList(0, names.size() - 1));
    }

    String name() {
        return names.getLast();
    }

    @Override
    public String toString() {
        return String.join(".", names);
    }
}
