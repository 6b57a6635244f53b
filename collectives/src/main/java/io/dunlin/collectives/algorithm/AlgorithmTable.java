package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.wire.OperationKind;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which way was fastest, by operation, ranks, media and length: written by {@code dunlin bench collectives --tune} on the
 * machines where it is used. What is not in it is chosen by formulas. All members of a group must have the same.
 *
 * @param entries of any order; sorted here
 */
public record AlgorithmTable(List<Entry> entries) {
    private static final Comparator<Entry> ORDER = Comparator.comparing(Entry::operation)
            .thenComparing(Entry::ranks)
            .thenComparing(Entry::media)
            .thenComparing(Entry::maxBytes);

    /** Nothing measured. */
    public static final AlgorithmTable EMPTY = new AlgorithmTable(List.of());

    /** The {@code maxBytes} of an entry for any length. */
    public static final long ANY_LENGTH = Long.MAX_VALUE;

    /**
     * One choice.
     *
     * @param operation what is done
     * @param ranks by how many
     * @param media over what
     * @param maxBytes for vectors up to this length, as far as no other entry is for shorter ones; an all-to-all counts as
     *     of no length, because members' lengths differ
     * @param way how
     */
    public record Entry(OperationKind operation, int ranks, Media media, long maxBytes, Way way) {
        /** Checks that it can be done. */
        public Entry {
            if (ranks < 2 || maxBytes < 0) {
                throw new IllegalArgumentException("%d ranks, up to %d bytes".formatted(ranks, maxBytes));
            }
            if (operation == OperationKind.ALL_REDUCE_TREE || !way.does(operation)) {
                throw new IllegalArgumentException(
                        "%s is not done by way of %s".formatted(operation.label(), way.label()));
            }
        }

        private boolean sameSubject(Entry other) {
            return operation == other.operation && ranks == other.ranks && media == other.media;
        }

        private boolean sameKey(Entry other) {
            return ORDER.compare(this, other) == 0;
        }
    }

    /** Sorts; no two entries may be for the same. */
    public AlgorithmTable {
        entries = entries.stream().sorted(ORDER).toList();
        for (int i = 1; i < entries.size(); i++) {
            if (entries.get(i).sameKey(entries.get(i - 1))) {
                throw new IllegalArgumentException("two entries for the same: " + entries.get(i));
            }
        }
    }

    /** One way for one operation of {@code ranks} ranks, whatever its length and the media: to measure it. */
    public static AlgorithmTable forced(OperationKind operation, int ranks, Way way) {
        return new AlgorithmTable(Arrays.stream(Media.values())
                .map(media -> new Entry(operation, ranks, media, ANY_LENGTH, way))
                .toList());
    }

    /** One way for all operations of {@code ranks} ranks that are done so. */
    public static AlgorithmTable forced(int ranks, Way way) {
        return new AlgorithmTable(Arrays.stream(OperationKind.values())
                .filter(kind -> kind != OperationKind.ALL_REDUCE_TREE && way.does(kind))
                .flatMap(kind -> forced(kind, ranks, way).entries.stream())
                .toList());
    }

    /** What is in {@code newer}, and from this one what is about other operations, ranks or media. */
    public AlgorithmTable updatedBy(AlgorithmTable newer) {
        Stream<Entry> kept =
                entries.stream().filter(entry -> newer.entries.stream().noneMatch(entry::sameSubject));
        return new AlgorithmTable(Stream.concat(kept, newer.entries.stream()).toList());
    }

    /**
     * Reads a file.
     *
     * @throws AlgorithmTableException {@code DUN-707} with file, line and column
     */
    public static AlgorithmTable read(Path file) {
        return AlgorithmTableFile.read(file);
    }

    /** Writes a file; it appears complete or not at all. */
    public void write(Path file) {
        AlgorithmTableFile.write(this, file);
    }

    /** As it stands in a file. */
    String text() {
        return AlgorithmTableFile.format(this);
    }

    /** The way that was measured for a length, or null. */
    @Nullable
    Way find(OperationKind operation, int ranks, Media media, long bytes) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.operation == operation
                    && entry.ranks == ranks
                    && entry.media == media
                    && bytes <= entry.maxBytes) {
                return entry.way;
            }
        }
        return null;
    }

    /** The entries for a number of ranks over one kind of media. */
    AlgorithmTable only(int ranks, Media media) {
        return new AlgorithmTable(entries.stream()
                .filter(entry -> entry.ranks == ranks && entry.media == media)
                .toList());
    }
}
