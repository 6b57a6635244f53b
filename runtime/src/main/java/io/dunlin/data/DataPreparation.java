package io.dunlin.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Makes token files of text, once: a second run with the same text finds them in the cache.
 *
 * <p>A folder of the cache is named after a hash of all that decides its content: names, lengths and times of the files,
 * tokenizer, share of validation, limit, version of this code. It appears by rename when it is complete, so two runs
 * that prepare the same text at once do not disturb each other: one folder wins, and both use it. A cached folder is
 * checked whenever it is used; a damaged one is made again.
 */
public final class DataPreparation {
    private static final int VERSION = 1;
    private static final String TRAIN = "train.bin";
    private static final String VALIDATION = "validation.bin";
    private static final String UNFINISHED = ".tmp";
    private static final Duration ABANDONED = Duration.ofHours(24);

    private final Path cache;
    private final Path javaHome;
    private final Path project;
    private final Progress progress;
    private final InstantSource clock;

    /**
     * Prepares into a folder.
     *
     * @param cache made if it does not exist
     * @param javaHome whose {@code lib/src.zip} is {@link TextRequest#JDK_SOURCE}
     * @param project whose Java files stand in where there is none
     * @param progress told about anything that takes more than two seconds
     * @param clock tells the age of what killed runs left behind
     */
    public DataPreparation(Path cache, Path javaHome, Path project, Progress progress, InstantSource clock) {
        this.cache = cache;
        this.javaHome = javaHome;
        this.project = project;
        this.progress = progress;
        this.clock = clock;
    }

    /**
     * Finds or makes the token files of a text.
     *
     * @throws DataException DUN-602 if the text cannot be read, 603 if there is none in it, 605 if a line of a
     *     {@code .jsonl} is wrong, 610 if the cache cannot be written
     */
    public PreparedData prepare(TextRequest request) {
        long startNs = System.nanoTime();
        try (TextListing listing = list(request)) {
            Path folder = cache.resolve(folderName(request, listing));
            List<String> remarks = new ArrayList<>(listing.remarks());
            Optional<PreparedFacts> cached = cached(folder, request.tokenizer(), remarks);
            PreparedData.Origin origin = cached.isPresent() ? PreparedData.Origin.CACHED : PreparedData.Origin.PREPARED;
            PreparedFacts facts = cached.isPresent() ? cached.get() : make(folder, request, listing);
            remarks.addAll(facts.remarks());
            double seconds = (System.nanoTime() - startNs) / 1e9;
            return describe(origin, folder, facts, remarks, seconds);
        } catch (IOException e) {
            throw DataException.unwritable(cache.toString(), e);
        }
    }

    private TextListing list(TextRequest request) {
        if (request.text().equals(TextRequest.JDK_SOURCE)) {
            return TextListing.jdkSource(javaHome, project);
        }
        Path path = cache.getFileSystem().getPath(request.text());
        if (!Files.exists(path)) {
            throw DataException.noSuchText(request.text(), path.toAbsolutePath().toString());
        }
        return TextListing.of(path);
    }

    private String folderName(TextRequest request, TextListing listing) {
        StringBuilder key = new StringBuilder();
        key.append(VERSION).append('\n').append(listing.root()).append('\n');
        key.append(request.tokenizer().id())
                .append('\n')
                .append(request.tokenizer().vocabulary())
                .append('\n');
        key.append(request.validation())
                .append('\n')
                .append(request.limitBytes())
                .append('\n');
        for (TextFile file : listing.files()) {
            key.append(file.name()).append('\t').append(file.lengthBytes()).append('\t');
            key.append(file.modifiedMs()).append('\n');
        }
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            byte[] digest = hash.digest(key.toString().getBytes(StandardCharsets.UTF_8));
            Path last = Path.of(request.text()).getFileName();
            String name = (last == null ? "text" : last.toString()).replaceAll("[^A-Za-z0-9_-]+", "-");
            return "%s-%s-%s"
                    .formatted(name, request.tokenizer().id(), HexFormat.of().formatHex(digest, 0, 8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What is in a folder of the cache, if it is there and sound; else it is gone afterwards. */
    private Optional<PreparedFacts> cached(Path folder, Tokenizer tokenizer, List<String> remarks) throws IOException {
        if (!Files.exists(folder)) {
            return Optional.empty();
        }
        Optional<PreparedFacts> facts = PreparedFacts.read(folder);
        if (facts.isPresent()) {
            List<Path> files = new ArrayList<>(List.of(folder.resolve(TRAIN)));
            validation(folder).ifPresent(files::add);
            try (TokenShards shards = TokenShards.open(files, tokenizer.id(), tokenizer.vocabulary())) {
                shards.verify(progress);
                return facts;
            } catch (DataException e) {
                remarks.add("prepared again: " + e.getMessage());
            }
        } else {
            remarks.add("prepared again: %s is missing or damaged".formatted(folder.resolve(PreparedFacts.FILE)));
        }
        Path aside = unfinished(folder);
        try {
            Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            return Optional.empty(); // another run has moved it first
        }
        Folders.delete(aside);
        return Optional.empty();
    }

    private PreparedFacts make(Path folder, TextRequest request, TextListing listing) throws IOException {
        Files.createDirectories(cache);
        removeAbandoned();
        Path unfinished = Files.createDirectory(unfinished(folder));
        try {
            PreparedFacts facts = write(unfinished, request, listing);
            facts.write(unfinished);
            Folders.force(unfinished);
            try {
                Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
                Folders.force(cache);
            } catch (FileSystemException e) {
                if (!Files.exists(folder)) {
                    throw e;
                }
                // Another run was quicker; what it made is the same.
            }
            return facts;
        } finally {
            Folders.delete(unfinished);
        }
    }

    private PreparedFacts write(Path folder, TextRequest request, TextListing listing) throws IOException {
        ProgressClock ticks = new ProgressClock(progress, System::nanoTime);
        try (TokenShardWriter train = TokenShardWriter.create(folder.resolve(TRAIN), request.tokenizer());
                TokenShardWriter validation =
                        TokenShardWriter.create(folder.resolve(VALIDATION), request.tokenizer())) {
            TokenSplit split = new TokenSplit(request, listing.lengthBytes(), train, validation, ticks);
            listing.files().forEach(split::add);
            if (split.textBytes() == 0) {
                throw DataException.noText(request.text(), listing.files().size(), split.firstSkipped());
            }
            split.balance();
            train.finish();
            if (validation.tokens() > 0) {
                validation.finish();
            }
            return new PreparedFacts(split.documents(), split.skippedFiles(), split.textBytes(), remarks(split));
        }
    }

    private static List<String> remarks(TokenSplit split) {
        return split
                .firstSkipped()
                .map(first -> "%,d %s not text and left out, the first is %s"
                        .formatted(split.skippedFiles(), split.skippedFiles() == 1 ? "file is" : "files are", first))
                .stream()
                .toList();
    }

    private static PreparedData describe(
            PreparedData.Origin origin, Path folder, PreparedFacts facts, List<String> remarks, double seconds) {
        Path train = folder.resolve(TRAIN);
        Optional<Path> validation = validation(folder);
        try (TokenShard trainShard = TokenShard.open(train)) {
            long validationTokens = 0;
            long fileBytes = trainShard.fileBytes();
            if (validation.isPresent()) {
                try (TokenShard shard = TokenShard.open(validation.get())) {
                    validationTokens = shard.count();
                    fileBytes += shard.fileBytes();
                }
            }
            PreparedData.Counts counts = new PreparedData.Counts(
                    facts.documents(),
                    facts.skippedFiles(),
                    facts.textBytes(),
                    trainShard.count(),
                    validationTokens,
                    fileBytes);
            String tokenizer = trainShard.tokenizer().orElseThrow();
            return new PreparedData(origin, train, validation, tokenizer, counts, seconds, remarks);
        }
    }

    private static Optional<Path> validation(Path folder) {
        return Optional.of(folder.resolve(VALIDATION)).filter(Files::exists);
    }

    private static Path unfinished(Path folder) {
        return folder.resolveSibling("%s.%d-%x%s"
                .formatted(folder.getFileName(), ProcessHandle.current().pid(), System.nanoTime(), UNFINISHED));
    }

    /** Removes what runs that were killed a day ago or more have left unfinished. */
    private void removeAbandoned() throws IOException {
        long before = clock.instant().minus(ABANDONED).toEpochMilli();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(cache, "*" + UNFINISHED)) {
            for (Path folder : folders) {
                if (Folders.lastModifiedMs(folder) < before) {
                    Folders.delete(folder);
                }
            }
        }
    }
}
