package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** The fields of one config.json; each must be read, or be known to change nothing. */
final class ConfigFields {
    private final JsonNode root;
    private final String file;
    private final Set<String> read = new HashSet<>();
    private final List<String> notes = new ArrayList<>();

    ConfigFields(JsonNode root, String file) {
        this.root = root;
        this.file = file;
    }

    /** The value of a field; null in the file is the same as not there. */
    JsonNode get(String name) {
        read.add(name);
        JsonNode node = root.path(name);
        return node.isNull() ? MissingNode.getInstance() : node;
    }

    int count(String name) {
        JsonNode node = get(name);
        if (!node.isInt() || node.intValue() < 1) {
            throw refused(name, node, "a positive number is needed");
        }
        return node.intValue();
    }

    int count(String name, int standard) {
        return get(name).isMissingNode() ? standard : count(name);
    }

    float number(String name, double standard) {
        return number(name, get(name), standard);
    }

    float number(String name, JsonNode node, double standard) {
        if (!node.isMissingNode() && !node.isNumber()) {
            throw refused(name, node, "a number is needed");
        }
        return (float) (node.isMissingNode() ? standard : node.doubleValue());
    }

    boolean flag(String name, boolean standard) {
        JsonNode node = get(name);
        if (!node.isMissingNode() && !node.isBoolean()) {
            throw refused(name, node, "true or false is needed");
        }
        return node.isMissingNode() ? standard : node.booleanValue();
    }

    /** Fails unless the field is absent or one of {@code allowed}, as JSON. */
    void require(String name, String... allowed) {
        require(name, get(name), allowed);
    }

    void require(String name, JsonNode node, String... allowed) {
        if (!node.isMissingNode() && !List.of(allowed).contains(node.toString())) {
            throw refused(
                    name,
                    node,
                    allowed.length == 0
                            ? "Dunlin does not compute that"
                            : "Dunlin computes only " + String.join(" or ", allowed));
        }
    }

    /** Dropout does not change what a model computes, and Dunlin trains without it: worth a word. */
    void dropout(String name) {
        JsonNode node = get(name);
        if (node.isNumber() && node.doubleValue() != 0) {
            notes.add("%s = %s: Dunlin trains without dropout".formatted(name, node));
        }
    }

    /** Fields that change nothing about what the model computes. */
    void ignore(String... names) {
        read.addAll(List.of(names));
    }

    /** Fails if a field with a value has not been read: it may mean anything. */
    void requireAllRead() {
        root.properties().forEach(field -> {
            if (!read.contains(field.getKey()) && !field.getValue().isNull()) {
                throw refused(
                        field.getKey(),
                        field.getValue(),
                        "unknown to Dunlin; if it does not change what the model computes, remove it from the file");
            }
        });
    }

    List<String> notes() {
        return List.copyOf(notes);
    }

    CheckpointException refused(String name, JsonNode value, String why) {
        String shown = value.isMissingNode() ? "missing" : value.toString();
        return new CheckpointException(
                CheckpointError.UNSUPPORTED_MODEL, "%s: %s = %s: %s".formatted(file, name, shown, why), "");
    }
}
