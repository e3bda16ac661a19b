-- Created after the rows are loaded: several times faster than updating them row by row.

CREATE INDEX organizations_by_owner ON organizations (assigned_user_id, name);
CREATE INDEX organizations_by_segment ON organizations (industry_segment, priority_level);
CREATE INDEX organizations_by_name ON organizations (name);
CREATE INDEX contacts_by_organization ON contacts (organization_id);
CREATE INDEX opportunities_by_organization ON opportunities (organization_id);
CREATE INDEX opportunities_by_user_and_stage ON opportunities (user_id, stage);
CREATE INDEX opportunity_products_by_opportunity ON opportunity_products (opportunity_id);
CREATE INDEX opportunity_products_by_product ON opportunity_products (product_id);
CREATE INDEX interactions_by_organization ON interactions (organization_id, interaction_date DESC);
CREATE INDEX interactions_by_user ON interactions (user_id, interaction_date DESC);
CREATE INDEX interactions_by_entry ON interactions (created_at, user_id);
CREATE INDEX interactions_by_contact ON interactions (contact_id);
CREATE INDEX interactions_by_opportunity ON interactions (opportunity_id) WHERE opportunity_id IS NOT NULL;
CREATE INDEX interactions_to_follow_up ON interactions (user_id, follow_up_date)
    WHERE follow_up_required AND NOT is_deleted;

ALTER TABLE organizations ADD FOREIGN KEY (assigned_user_id) REFERENCES users;
ALTER TABLE contacts ADD FOREIGN KEY (organization_id) REFERENCES organizations;
ALTER TABLE opportunities
    ADD FOREIGN KEY (organization_id) REFERENCES organizations,
    ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE opportunity_products
    ADD FOREIGN KEY (opportunity_id) REFERENCES opportunities,
    ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE interactions
    ADD FOREIGN KEY (organization_id) REFERENCES organizations,
    ADD FOREIGN KEY (contact_id) REFERENCES contacts,
    ADD FOREIGN KEY (user_id) REFERENCES users,
    ADD FOREIGN KEY (opportunity_id) REFERENCES opportunities;
