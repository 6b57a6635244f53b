package io.dunlin.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** Documents of a {@code .jsonl} file: the string {@code text} of the object on each line. Blank lines are passed over. */
final class JsonLines {
    private static final String FIELD = "text";
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();

    private final String file;
    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long lineNumber;

    /**
     * Reads from a stream.
     *
     * @param file for messages
     * @param in closed by the caller
     */
    JsonLines(String file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /**
     * The next document, in UTF-8; empty at the end of the file.
     *
     * @throws DataException DUN-605 with the line, if it is not a JSON object or has no string {@code text}
     */
    Optional<byte[]> next() throws IOException {
        Optional<byte[]> line = line();
        while (line.isPresent() && blank(line.get())) {
            line = line();
        }
        return line.map(this::text);
    }

    private byte[] text(byte[] line) {
        int from = lineNumber == 1 && startsWithMark(line) ? 3 : 0;
        List<String> fields = new ArrayList<>();
        Optional<String> text = Optional.empty();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), line, from, line.length - from)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw DataException.badLine(file, lineNumber, "it is not a JSON object");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals(FIELD) && value != JsonToken.VALUE_STRING) {
                    throw DataException.badLine(file, lineNumber, "its \"text\" is not a string");
                }
                if (field.equals(FIELD)) {
                    text = Optional.of(parser.getString());
                } else {
                    fields.add(field);
                    parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                throw DataException.badLine(file, lineNumber, "more follows behind the object");
            }
        } catch (JacksonException e) {
            throw DataException.badLine(
                    file,
                    lineNumber,
                    "column %d: %s"
                            .formatted(
                                    e.getLocation().getColumnNr() + from,
                                    e.getOriginalMessage().lines().findFirst().orElse("")));
        }
        String found = fields.isEmpty() ? "it has no fields" : "its fields: " + String.join(", ", fields);
        return text.orElseThrow(() -> DataException.badLine(file, lineNumber, "it has no \"text\" (" + found + ")"))
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The bytes of the next line without its end. */
    private Optional<byte[]> line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean any = false;
        while (at < end || fill()) {
            any = true;
            int feed = at;
            while (feed < end && buffer[feed] != '\n') {
                feed++;
            }
            line.write(buffer, at, feed - at);
            at = feed + 1;
            if (feed < end) {
                break;
            }
        }
        lineNumber++;
        return any ? Optional.of(line.toByteArray()) : Optional.empty();
    }

    private boolean fill() throws IOException {
        at = 0;
        end = Math.max(0, in.read(buffer));
        return end > 0;
    }

    private static boolean blank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }

    private static boolean startsWithMark(byte[] line) {
        return line.length >= 3 && line[0] == (byte) 0xEF && line[1] == (byte) 0xBB && line[2] == (byte) 0xBF;
    }
}
