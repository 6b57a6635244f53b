package io.dunlin.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Token files in a fixed order, cut into samples: sample i of a file is its tokens {@code [i*T, i*T + T]}, T inputs and T
 * targets shifted by one. A file of n tokens has {@code (n - 1) / T} samples; none reaches into the next file.
 */
public final class TokenShards implements AutoCloseable {
    private final List<TokenShard> shards;
    private final int vocabulary;

    private TokenShards(List<TokenShard> shards, int vocabulary) {
        this.shards = List.copyOf(shards);
        this.vocabulary = vocabulary;
    }

    /**
     * Opens files.
     *
     * @param paths in the order in which their samples are numbered
     * @param tokenizer that the run uses
     * @param vocabulary of the model: every token must be below
     * @throws DataException DUN-612 if a file names another tokenizer, DUN-608 if its vocabulary is larger than the
     *     model's, and what {@link TokenShard#open} throws
     */
    public static TokenShards open(List<Path> paths, String tokenizer, int vocabulary) {
        List<TokenShard> opened = new ArrayList<>();
        try {
            for (Path path : paths) {
                TokenShard shard = TokenShard.open(path);
                opened.add(shard);
                requireFits(shard, tokenizer, vocabulary);
            }
        } catch (DataException e) {
            opened.forEach(TokenShard::close);
            throw e;
        }
        return new TokenShards(opened, vocabulary);
    }

    /**
     * The files that a pattern names, in order of their names.
     *
     * @param folder that relative patterns begin at
     * @param pattern a path; its last part may hold {@code *}, {@code ?}, {@code [..]} and {@code {a,b}}
     * @throws DataException DUN-611 if no file matches
     */
    public static List<Path> matching(Path folder, String pattern) {
        Path whole = folder.resolve(pattern);
        if (Files.isRegularFile(whole)) {
            return List.of(whole);
        }
        Path parent = whole.toAbsolutePath().getParent();
        PathMatcher matcher =
                FileSystems.getDefault().getPathMatcher("glob:" + whole.getFileName());
        try (Stream<Path> files = Files.list(parent)) {
            List<Path> found = files.filter(file -> matcher.matches(file.getFileName()) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw DataException.nothingMatches(parent.toString(), whole.getFileName().toString());
            }
            return found;
        } catch (IOException e) {
            throw DataException.unreadable(parent.toString(), e);
        }
    }

    /** The files. */
    public List<TokenShard> shards() {
        return shards;
    }

    /** Tokens of all files. */
    public long count() {
        return shards.stream().mapToLong(TokenShard::count).sum();
    }

    /** Whole samples of {@code context} tokens in all files: the length of a pass. */
    public long samples(int context) {
        return shards.stream().mapToLong(shard -> samplesOf(shard.count(), context)).sum();
    }

    /** Reads all files and checks them; see {@link TokenShard#verify}. */
    public void verify(Progress progress) {
        shards.forEach(shard -> shard.verify(progress));
    }

    /** Whole samples of {@code context} tokens. */
    Samples whole(int context) {
        if (samples(context) == 0) {
            throw DataException.tooShort(names(), shards.stream().mapToLong(TokenShard::count).max().orElse(0), context);
        }
        return new WholeSamples(context);
    }

    String names() {
        return shards.size() == 1
                ? shards.getFirst().path().toString()
                : shards.getFirst().path() + " (longest of %,d files)".formatted(shards.size());
    }

    int vocabulary() {
        return vocabulary;
    }

    @Override
    public void close() {
        shards.forEach(TokenShard::close);
    }

    static long samplesOf(long tokens, int context) {
        return Math.max(0, tokens - 1) / context;
    }

    private static void requireFits(TokenShard shard, String tokenizer, int vocabulary) {
        if (shard.tokenizer().isPresent() && !shard.tokenizer().get().equals(tokenizer)) {
            throw DataException.otherTokenizer(shard.path().toString(), shard.tokenizer().get(), tokenizer);
        }
        OptionalInt declared = shard.vocabulary();
        if (declared.isPresent() && declared.getAsInt() > vocabulary) {
            throw DataException.vocabularyTooSmall(shard.path().toString(), declared.getAsInt(), vocabulary);
        }
    }

    private final class WholeSamples implements Samples {
        private final int context;
        private final long[] firstOf;

        private WholeSamples(int context) {
            this.context = context;
            this.firstOf = new long[shards.size() + 1];
            for (int i = 0; i < shards.size(); i++) {
                firstOf[i + 1] = firstOf[i] + samplesOf(shards.get(i).count(), context);
            }
        }

        @Override
        public long count() {
            return firstOf[shards.size()];
        }

        @Override
        public int context() {
            return context;
        }

        @Override
        public OptionalInt targetsOfEach() {
            return OptionalInt.of(context);
        }

        @Override
        public int targets(long index) {
            return context;
        }

        @Override
        public void read(long index, MemorySegment tokens, MemorySegment targets) {
            int file = fileOf(index);
            TokenShard shard = shards.get(file);
            long first = (index - firstOf[file]) * context;
            shard.read(first, context, tokens, vocabulary);
            MemorySegment.copy(tokens, Integer.BYTES, targets, 0, (context - 1L) * Integer.BYTES);
            shard.read(first + context, 1, targets.asSlice((context - 1L) * Integer.BYTES), vocabulary);
        }

        @Override
        public String place(long index) {
            return "sample %,d of %s".formatted(index, shards.get(fileOf(index)).path());
        }

        @Override
        public void close() {
            TokenShards.this.close();
        }

        /** The last file that begins at or before the sample; files without a whole sample share their beginning. */
        private int fileOf(long index) {
            int found = Arrays.binarySearch(firstOf, index);
            int file = found >= 0 ? found : -found - 2;
            while (firstOf[file + 1] == firstOf[file]) {
                file++;
            }
            return file;
        }
    }
}
