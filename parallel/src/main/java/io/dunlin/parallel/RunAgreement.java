package io.dunlin.parallel;

import io.dunlin.collectives.Communicator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Makes sure before the first step that all ranks are about to train the same thing.
 *
 * <p>Each rank describes its run by named facts (model, seed, job ...). Digests of them are gathered on every rank;
 * where they differ, every rank fails with the same message that says which fact has which value on which ranks.
 * Ranks that differ would not fail later: they would silently train something that nobody asked for.
 */
public final class RunAgreement {
    /** How many facts fit. */
    public static final int MAXIMUM_FACTS = 16;

    /** One fact on the wire: SHA-256 of name and value, then the value's beginning as UTF-8, filled with zeros. */
    private static final int DIGEST_BYTES = 32;

    private static final int SHOWN_BYTES = 96;
    private static final int FACT_BYTES = DIGEST_BYTES + SHOWN_BYTES;
    private static final int PART_BYTES = MAXIMUM_FACTS * FACT_BYTES;

    private RunAgreement() {}

    /**
     * Compares this rank's facts with those of all others; every member of the group must call it.
     *
     * @param facts name to value, the same names in the same order on every rank; values may be of any length
     * @throws ParallelException on every rank if any differ
     */
    public static void check(Communicator communicator, SequencedMap<String, String> facts) {
        if (facts.size() > MAXIMUM_FACTS) {
            throw new IllegalArgumentException(facts.size() + " facts, but at most " + MAXIMUM_FACTS + " fit");
        }
        if (communicator.size() == 1) {
            return;
        }
        Arena arena = Arena.ofAuto(); // a failed collective may hold the memory longer than this call
        MemorySegment part = arena.allocate(PART_BYTES, 64);
        int at = 0;
        for (Map.Entry<String, String> fact : facts.entrySet()) {
            write(fact.getKey(), fact.getValue(), part.asSlice((long) at++ * FACT_BYTES, FACT_BYTES));
        }
        MemorySegment all = arena.allocate((long) PART_BYTES * communicator.size(), 64);
        List<Long> lengthsBytes = Collections.nCopies(communicator.size(), (long) PART_BYTES);
        communicator.allGather(part, all, lengthsBytes).await();
        compare(List.copyOf(facts.sequencedKeySet()), communicator.group().ranks(), all);
    }

    private static void compare(List<String> names, List<Integer> ranks, MemorySegment all) {
        List<String> differences = new ArrayList<>();
        for (int slot = 0; slot < MAXIMUM_FACTS; slot++) {
            Map<String, List<Integer>> ranksByDigest = new LinkedHashMap<>();
            Map<String, String> shownByDigest = new LinkedHashMap<>();
            for (int member = 0; member < ranks.size(); member++) {
                MemorySegment fact = all.asSlice((long) member * PART_BYTES + (long) slot * FACT_BYTES, FACT_BYTES);
                String digest = Arrays.toString(fact.asSlice(0, DIGEST_BYTES).toArray(ValueLayout.JAVA_BYTE));
                ranksByDigest.computeIfAbsent(digest, d -> new ArrayList<>()).add(ranks.get(member));
                shownByDigest.putIfAbsent(digest, shown(fact));
            }
            if (ranksByDigest.size() > 1) {
                String name = slot < names.size() ? names.get(slot) : "a fact this rank does not have";
                differences.add(describe(name, ranksByDigest, shownByDigest));
            }
        }
        if (!differences.isEmpty()) {
            throw ParallelException.disagreement(
                    "The ranks were not started for the same run: " + String.join("; ", differences) + ".");
        }
    }

    private static String describe(
            String name, Map<String, List<Integer>> ranksByDigest, Map<String, String> shownByDigest) {
        List<String> values = new ArrayList<>();
        ranksByDigest.forEach((digest, ranks) -> {
            String who = (ranks.size() == 1 ? "rank " : "ranks ")
                    + String.join(", ", ranks.stream().map(String::valueOf).toList());
            values.add(shownByDigest.get(digest) + " on " + who);
        });
        boolean tellApart = shownByDigest.values().stream().distinct().count() == shownByDigest.size();
        return name + " is " + String.join(" but ", values) + (tellApart ? "" : " (they differ further on)");
    }

    private static void write(String name, String value, MemorySegment fact) {
        MessageDigest digest = sha256();
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(digest.digest(bytes), 0, fact, ValueLayout.JAVA_BYTE, 0, DIGEST_BYTES);
        int shown = Math.min(bytes.length, SHOWN_BYTES);
        while (shown < bytes.length && shown > 0 && (bytes[shown] & 0xC0) == 0x80) {
            shown--; // not in the middle of a character
        }
        MemorySegment.copy(bytes, 0, fact, ValueLayout.JAVA_BYTE, DIGEST_BYTES, shown);
    }

    private static String shown(MemorySegment fact) {
        byte[] text = fact.asSlice(DIGEST_BYTES, SHOWN_BYTES).toArray(ValueLayout.JAVA_BYTE);
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        String line = new String(text, 0, length, StandardCharsets.UTF_8)
                .lines()
                .findFirst()
                .orElse("");
        return line.isEmpty() ? "empty" : line;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
