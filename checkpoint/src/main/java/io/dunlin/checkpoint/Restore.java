package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Restored.AuxiliaryFound;
import io.dunlin.checkpoint.RunContent.Auxiliary;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Loads a run into any layout: each wanted slice is filled from whatever saved slices cover it, however many ranks
 * saved and however many load.
 *
 * <p>All ranks call the same method and get the same answer: rank 0 lists the candidates, all of them load and verify
 * their part, and what is damaged for one is rejected by all.
 */
public final class Restore {
    private final CheckpointFolder folder;
    private final Peers peers;
    private final InstantSource clock;
    private final HostAccess host;

    /**
     * Makes a loader.
     *
     * @param folder of all checkpoints of the run
     * @param peers the ranks that load together
     * @param clock for durations
     * @param host writes to what is loaded
     */
    public Restore(CheckpointFolder folder, Peers peers, InstantSource clock, HostAccess host) {
        this.folder = folder;
        this.peers = peers;
        this.clock = clock;
        this.host = host;
    }

    /**
     * How it went.
     *
     * @param restored what was loaded; empty if the run has never been saved
     * @param rejected what was newer and not used, newest first
     */
    public record Outcome(Optional<Restored> restored, List<Rejected> rejected) {}

    /**
     * Loads the newest checkpoint that is complete and undamaged.
     *
     * @param into filled completely, or not touched if there is no checkpoint; undefined after an exception
     * @throws CheckpointException if there are checkpoints and none is usable, or if one is of another model
     */
    public Outcome newest(List<NamedTensor> into) {
        return newest(into, Auxiliary.NONE);
    }

    /**
     * As {@link #newest(List)}, with more that is loaded where it is there.
     *
     * @param auxiliary of which each slice that is not there whole, as in another layout, begins anew
     */
    public Outcome newest(List<NamedTensor> into, Auxiliary auxiliary) {
        List<Rejected> rejected = new ArrayList<>();
        int damaged = 0;
        for (Entry candidate : candidates()) {
            if (candidate.standing() == Standing.UNFINISHED) {
                rejected.add(reject(
                        candidate,
                        new CheckpointException(
                                CheckpointError.INCOMPLETE,
                                "checkpoint %s was never finished".formatted(candidate.name()),
                                "")));
                continue;
            }
            Attempt attempt = attempt(candidate, into, auxiliary);
            if (attempt.failure().isEmpty()) {
                return new Outcome(attempt.restored(), rejected);
            }
            rejected.add(reject(candidate, attempt.failure().get()));
            damaged++;
        }
        if (damaged > 0) {
            throw noneUsable(rejected, damaged);
        }
        return new Outcome(Optional.empty(), rejected);
    }

    /**
     * Loads the checkpoint of one step, and no other.
     *
     * @throws CheckpointException if it is not there, damaged, or of another model
     */
    public Restored at(long step, List<NamedTensor> into) {
        return at(step, into, Auxiliary.NONE);
    }

    /** As {@link #at(long, List)}, with more as in {@link #newest(List, Auxiliary)}. */
    public Restored at(long step, List<NamedTensor> into, Auxiliary auxiliary) {
        Entry chosen = candidates().stream()
                .filter(entry -> entry.standing() == Standing.COMMITTED && entry.step() == step)
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        CheckpointError.NOT_FOUND,
                        "there is no checkpoint of step %d in %s".formatted(step, folder.root()),
                        "see which there are: dunlin ckpt ls RUN"));
        Attempt attempt = attempt(chosen, into, auxiliary);
        if (attempt.failure().isPresent()) {
            throw attempt.failure().get();
        }
        return attempt.restored().orElseThrow();
    }

    /** What rank 0 sees, newest first, the same on every rank. */
    private List<Entry> candidates() {
        byte[] names = new Agreement(peers).byFirst(() -> folder.scan().stream()
                .filter(entry -> entry.standing() == Standing.COMMITTED || entry.standing() == Standing.UNFINISHED)
                .map(Entry::name)
                .collect(Collectors.joining("\n"))
                .getBytes(StandardCharsets.UTF_8));
        return new String(names, StandardCharsets.UTF_8)
                .lines()
                .map(name -> CheckpointFolder.entry(folder.root().resolve(name)).orElseThrow())
                .toList();
    }

    private record Attempt(Optional<Restored> restored, Optional<CheckpointException> failure) {}

    private Attempt attempt(Entry candidate, List<NamedTensor> into, Auxiliary auxiliary) {
        auxiliary.begin().run(); // an attempt that failed may have left something
        List<Restored> mine = new ArrayList<>();
        List<Agreement.Vote> votes = new Agreement(peers).byAll(() -> {
            Restored restored = load(candidate, into, auxiliary.wanted());
            mine.add(restored);
            return encode(restored.auxiliary());
        });
        Optional<CheckpointException> damage = Optional.empty();
        for (Agreement.Vote vote : votes) {
            Optional<CheckpointException> failure = vote.failure();
            if (failure.isPresent() && !failure.get().error().damage()) {
                throw failure.get();
            }
            damage = damage.or(() -> failure);
        }
        if (damage.isPresent()) {
            return new Attempt(Optional.empty(), damage);
        }
        AuxiliaryFound found = votes.stream()
                .map(vote -> decode(vote.made()))
                .reduce(AuxiliaryFound::plus)
                .orElseThrow();
        return new Attempt(Optional.of(mine.getFirst().with(found)), Optional.empty());
    }

    private static byte[] encode(AuxiliaryFound found) {
        return ByteBuffer.allocate(3 * Integer.BYTES)
                .putInt(found.wanted())
                .putInt(found.missing())
                .putInt(found.savedBy())
                .array();
    }

    private static AuxiliaryFound decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new AuxiliaryFound(buffer.getInt(), buffer.getInt(), buffer.getInt());
    }

    private Restored load(Entry candidate, List<NamedTensor> into, List<NamedTensor> wanted) {
        Instant start = clock.instant();
        Manifest manifest = folder.manifest(candidate);
        Coverage coverage = new Coverage(manifest.files());
        coverage.requireAll(into, candidate.name());
        List<NamedTensor> there = wanted.stream().filter(coverage::has).toList();
        long bytes = read(manifest, candidate, into, host);
        if (!there.isEmpty()) {
            bytes += read(manifest, candidate, there, HostAccess.HOST);
        }
        return new Restored(
                manifest.state(),
                candidate.path(),
                bytes,
                Duration.between(start, clock.instant()).toNanos(),
                new AuxiliaryFound(
                        wanted.size(),
                        wanted.size() - there.size(),
                        manifest.files().size()));
    }

    private long read(Manifest manifest, Entry candidate, List<NamedTensor> into, HostAccess writer) {
        Map<String, List<NamedTensor>> targets = new HashMap<>();
        for (NamedTensor target : into) {
            targets.computeIfAbsent(target.slice().name(), _ -> new ArrayList<>())
                    .add(target);
        }
        try (SliceReader reader = new SliceReader(folder.storage(), candidate, writer)) {
            reader.requireFiles(manifest);
            for (DataFile file : manifest.files()) {
                reader.load(file, targets);
            }
            return reader.bytesRead();
        }
    }

    private static Rejected reject(Entry candidate, CheckpointException reason) {
        Path path = candidate.path();
        return new Rejected(candidate.step(), path, reason);
    }

    private CheckpointException noneUsable(List<Rejected> rejected, int damaged) {
        String reasons = rejected.stream()
                .map(r -> "\n  %s %s".formatted(r.reason().code(), r.reason().getMessage()))
                .collect(Collectors.joining());
        return new CheckpointException(
                CheckpointError.NONE_USABLE,
                "%s holds %d checkpoints, and none can be used:%s".formatted(folder.root(), damaged, reasons),
                "look closer: dunlin ckpt verify RUN --all");
    }
}
