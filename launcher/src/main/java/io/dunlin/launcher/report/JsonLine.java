package io.dunlin.launcher.report;

import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Records as single lines of JSON: what agent and ranks say to each other, and the lines of {@code metrics.jsonl}.
 *
 * <p>Numbers that are not finite are written as strings, and read back.
 */
public final class JsonLine {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private JsonLine() {}

    /** One line without its end. */
    public static String write(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /** Several lines, for files that people read. */
    public static String pretty(Object value) {
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
    }

    /** The record in {@code line}, or nothing if the line is something else, for example what a native library printed. */
    public static <T> Optional<T> read(String line, Class<T> type) {
        if (!line.startsWith("{")) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(MAPPER.readValue(line, type));
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }
}
