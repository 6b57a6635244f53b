package io.dunlin.launcher.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.tomlj.TomlTable;

/**
 * The values that one source gives: a file, a {@code --set}, a preset.
 *
 * @param values by key, each with its origin
 * @param problems keys that the schema does not know
 */
record Layer(Map<KeyPath, Given> values, List<Problem> problems) {
    /** A TOML value as its parser made it: String, Long, Double, Boolean, TomlArray or TomlTable. */
    record Given(Object value, Origin origin) {}

    Optional<Given> get(KeyPath path) {
        return Optional.ofNullable(values.get(path));
    }

    /** Flattens a table; what the schema does not know becomes a problem. */
    static Layer of(TomlTable table, JobSchema schema, Function<KeyPath, Origin> origins) {
        Layer layer = new Layer(new LinkedHashMap<>(), new ArrayList<>());
        layer.add(table, KeyPath.ROOT, schema, origins);
        return layer;
    }

    private void add(TomlTable table, KeyPath at, JobSchema schema, Function<KeyPath, Origin> origins) {
        for (String name : table.keySet()) {
            KeyPath path = at.child(name);
            if (path.equals(KeyPath.of(JobFile.EXTENDS))) {
                continue;
            }
            Object value = table.get(List.of(name));
            if (schema.hasKey(path)) {
                values.put(path, new Given(value, origins.apply(path)));
            } else if (!schema.hasSection(path)) {
                problems.add(unknown(path, value, schema, origins.apply(path)));
            } else if (value instanceof TomlTable inner) {
                add(inner, path, schema, origins);
            } else {
                problems.add(Problem.at(
                        "DUN-102",
                        origins.apply(path),
                        path,
                        "is a table with the keys: " + String.join(" ", schema.namesIn(path))));
            }
        }
    }

    private static Problem unknown(KeyPath path, Object value, JobSchema schema, Origin origin) {
        List<String> known = schema.namesIn(path.parent());
        String hint = Nearest.to(path.name(), known)
                .map(near -> "'" + near + "'")
                .or(() -> Optional.of(schema.elsewhere(path.name()).stream()
                                .map(found -> "'" + found + "'")
                                .collect(Collectors.joining(" or ")))
                        .filter(found -> !found.isEmpty()))
                .map(found -> ". Did you mean " + found + "?")
                .orElse(".");
        String kind = value instanceof TomlTable ? "table" : "key";
        return Problem.at(
                "DUN-101",
                origin,
                path,
                "unknown " + kind + " '" + path.name() + "'" + hint + " Known here: " + String.join(" ", known));
    }
}
