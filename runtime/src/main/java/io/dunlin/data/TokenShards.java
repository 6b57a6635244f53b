package io.dunlin.data;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
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
        Path parent = Folders.of(whole);
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + whole.getFileName());
        try (Stream<Path> files = Files.list(parent)) {
            List<Path> found = files.filter(file -> matcher.matches(file.getFileName()) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw DataException.nothingMatches(parent.toString(), String.valueOf(whole.getFileName()));
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
        return new ShardSamples(this, context, ShardSamples.Rest.DROPPED).count();
    }

    /** Reads all files and checks them; see {@link TokenShard#verify}. */
    public void verify(Progress progress) {
        shards.forEach(shard -> shard.verify(progress));
    }

    /**
     * The samples of {@code context} tokens.
     *
     * @throws DataException DUN-604 if there is none
     */
    Samples cut(int context, ShardSamples.Rest rest) {
        ShardSamples samples = new ShardSamples(this, context, rest);
        if (samples.count() == 0) {
            long longest = shards.stream().mapToLong(TokenShard::count).max().orElse(0);
            throw DataException.tooShort(names(), longest, rest == ShardSamples.Rest.KEPT ? 1 : context);
        }
        return samples;
    }

    private String names() {
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

    private static void requireFits(TokenShard shard, String tokenizer, int vocabulary) {
        if (shard.tokenizer().isPresent() && !shard.tokenizer().get().equals(tokenizer)) {
            throw DataException.otherTokenizer(
                    shard.path().toString(), shard.tokenizer().get(), tokenizer);
        }
        OptionalInt declared = shard.vocabulary();
        if (declared.isPresent() && declared.getAsInt() > vocabulary) {
            throw DataException.vocabularyTooSmall(shard.path().toString(), declared.getAsInt(), vocabulary);
        }
    }
}
