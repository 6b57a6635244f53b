package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One slot of gathered weights, and what is in it: a unit of one version, from when all of it has come until another
 * gather begins to write there.
 *
 * <p>What is in it depends on the calls alone, which are the same on all ranks: so all of them gather again, or none.
 */
final class GatheredSlot {
    private static final int NOTHING = -1;

    private final Passage memory;
    private @Nullable Work arriving;
    private int unit = NOTHING; // that is there or arriving
    private long version; // of it
    private boolean complete; // it is there
    private boolean used;

    GatheredSlot(Passage memory) {
        this.memory = memory;
    }

    /** Where a unit is written to and read from. */
    Passage memory() {
        return memory;
    }

    /** Whether all of a unit is there, of this version. */
    boolean holds(int wantedUnit, long wantedVersion) {
        return complete && unit == wantedUnit && version == wantedVersion;
    }

    /** Whether what is there is computed with. */
    boolean used() {
        return used;
    }

    /** Whether a gather is under way. */
    boolean arriving() {
        return arriving != null;
    }

    /** What is there will be written over. */
    void clear() {
        complete = false;
    }

    /** A gather into the cleared slot is under way. */
    void expect(Work work, int expectedUnit, long expectedVersion) {
        arriving = work;
        unit = expectedUnit;
        version = expectedVersion;
    }

    /**
     * Waits until all of a unit is there. What fails to come stays under way, and is not there.
     *
     * @param lengthBytes of the unit
     * @return nanoseconds waited
     * @throws IllegalStateException if something else is under way
     */
    long await(int wantedUnit, long wantedVersion, long lengthBytes) {
        if (unit != wantedUnit || version != wantedVersion) {
            throw new IllegalStateException("version %d of unit %d is under way, and version %d of unit %d is needed"
                    .formatted(version, unit, wantedVersion, wantedUnit));
        }
        long waitedNs = Objects.requireNonNull(arriving).await();
        arriving = null;
        memory.store(0, lengthBytes);
        complete = true;
        return waitedNs;
    }

    /** What is there is computed with from here on. */
    void use() {
        used = true;
    }

    /**
     * A unit is not computed with for now, and stays.
     *
     * @throws IllegalStateException if it is not in use
     */
    void release(int usedUnit) {
        if (!used || unit != usedUnit) {
            throw new IllegalStateException("unit " + usedUnit + " is left before it is entered");
        }
        used = false;
    }
}
