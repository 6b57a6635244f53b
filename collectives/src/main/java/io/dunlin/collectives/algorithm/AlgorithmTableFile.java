package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.algorithm.AlgorithmTable.Entry;
import io.dunlin.collectives.wire.OperationKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The file of an {@link AlgorithmTable}: a line for each entry.
 *
 * <pre>
 * dunlin algorithms 1
 * # operation ranks media max-bytes algorithm
 * all-reduce 4 ipc 65536 doubling
 * all-reduce 4 ipc any ring
 * crc32c 0f9c13a8
 * </pre>
 *
 * <p>The last line is a checksum of all bytes before it.
 */
final class AlgorithmTableFile {
    private static final String HEAD = "dunlin algorithms 1";
    private static final String LEGEND = "# operation ranks media max-bytes algorithm";
    private static final String SEAL = "crc32c ";
    private static final String ANY = "any";
    private static final int WORDS = 5;
    private static final Pattern WORD = Pattern.compile("\\S+");

    private final String file;
    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();

    private AlgorithmTableFile(String file) {
        this.file = file;
    }

    /** A word and its column, from 1. */
    private record Word(String text, int line, int column) {}

    static String format(AlgorithmTable table) {
        StringBuilder text = new StringBuilder(HEAD + '\n' + LEGEND + '\n');
        for (Entry entry : table.entries()) {
            text.append("%s %d %s %s %s%n"
                    .formatted(
                            entry.operation().label(),
                            entry.ranks(),
                            entry.media().label(),
                            entry.maxBytes() == AlgorithmTable.ANY_LENGTH ? ANY : entry.maxBytes(),
                            entry.way().label())
                    .replace(System.lineSeparator(), "\n"));
        }
        return text + SEAL + checksum(text.toString()) + '\n';
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }

    static AlgorithmTable read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw AlgorithmTableException.refused(file, "cannot be read: " + e);
        }
    }

    static AlgorithmTable parse(String file, String text) {
        AlgorithmTableFile reader = new AlgorithmTableFile(file);
        String[] lines = text.split("\n", -1);
        if (!lines[0].equals(HEAD)) {
            throw reader.bad(1, 1, "expected \"" + HEAD + "\"");
        }
        int last = lines.length - 2; // the text ends with an end of line
        if (last < 1 || !lines[last].startsWith(SEAL) || !lines[lines.length - 1].isEmpty()) {
            throw reader.bad(lines.length, 1, "the file ends without its checksum: it is cut short");
        }
        String expected = checksum(text.substring(0, text.length() - lines[last].length() - 1));
        if (!lines[last].substring(SEAL.length()).equals(expected)) {
            throw reader.bad(last + 1, SEAL.length() + 1, "the checksum of this content is " + expected);
        }
        for (int line = 1; line < last; line++) {
            if (!lines[line].startsWith("#") && !lines[line].isBlank()) {
                reader.entry(lines[line], line + 1);
            }
        }
        return new AlgorithmTable(reader.entries);
    }

    private void entry(String text, int line) {
        List<Word> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            words.add(new Word(matcher.group(), line, matcher.start() + 1));
        }
        if (words.size() != WORDS) {
            throw bad(line, 1, "expected operation, ranks, media, max-bytes and algorithm");
        }
        OperationKind operation = known(words.getFirst(), operation(words.getFirst().text), "operation");
        int ranks = Math.toIntExact(number(words.get(1), 2, Integer.MAX_VALUE));
        Media media = known(words.get(2), Media.labelled(words.get(2).text), "media");
        Word limit = words.get(3);
        long maxBytes = limit.text.equals(ANY) ? AlgorithmTable.ANY_LENGTH : number(limit, 0, Long.MAX_VALUE);
        Way way = known(words.get(4), Way.labelled(words.get(4).text), "algorithm");
        if (!way.does(operation)) {
            throw bad(
                    line, words.get(4).column, "%s is not done by way of %s".formatted(operation.label(), way.label()));
        }
        if (!keys.add("%s %d %s %d".formatted(operation, ranks, media, maxBytes))) {
            throw bad(line, 1, "there is another entry for the same");
        }
        entries.add(new Entry(operation, ranks, media, maxBytes, way));
    }

    private static Optional<OperationKind> operation(String label) {
        for (OperationKind kind : OperationKind.values()) {
            boolean chosen = kind != OperationKind.NOT_ENTERED && kind != OperationKind.ALL_REDUCE_TREE;
            if (chosen && kind.label().equals(label)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    private <T> T known(Word word, Optional<T> value, String what) {
        return value.orElseThrow(
                () -> bad(word.line, word.column, "no %s is called \"%s\"".formatted(what, word.text)));
    }

    private long number(Word word, long least, long most) {
        try {
            long value = Long.parseLong(word.text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw bad(word.line, word.column, "\"" + word.text + "\" is not a number");
        }
        throw bad(word.line, word.column, word.text + String.format(Locale.ROOT, " is not in %d to %d", least, most));
    }

    private AlgorithmTableException bad(int line, int column, String what) {
        return AlgorithmTableException.badFile(file, line, column, what);
    }

    static void write(AlgorithmTable table, Path file) {
        Path target = file.toAbsolutePath();
        Path folder = target.resolveSibling(".").normalize();
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        try {
            try (FileChannel channel = FileChannel.open(
                    partial,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(format(table).getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel channel = FileChannel.open(folder)) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw AlgorithmTableException.refused(file, "cannot be written: " + e);
        }
    }
}
