"""Small summaries of large sets, each with a job: Bloom filter, count-min sketch, HyperLogLog."""
